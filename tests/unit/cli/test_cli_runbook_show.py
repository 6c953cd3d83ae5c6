"""`opspact runbook list` and `show`: runbooks, runs, and the record of a run in every form."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from calling import Call, Contract

RUNBOOK = """\
kind: runbook
name: note
text: {zh: 记录, en: Write a note}
risk: reversible
hosts: here
without_restore_point: {en: nothing is changed}
steps:
  - {name: begin, text: {zh: 开始, en: Begin}, command: [echo, "<i>数据</i>"]}
  - {name: ask, text: {zh: 确认, en: Confirm}, manual: {zh: 看一眼, en: Have a look}, attach: photo}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def run(contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a runbook as far as it goes without an answer; return the run's name."""
    monkeypatch.setenv("OPSPACT_ACTOR", "li-na")
    contract.write("runbooks/note.yaml", RUNBOOK)
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "runbook")
    said = opspact("runbook", "run", "note")
    (name,) = set(re.findall(r"`opspact runbook show (\S+)`", said.out))
    return str(name)


def finish(run: str, opspact: Call, folder: Path) -> bytes:
    """Answer, with a file attached; return what is in that."""
    photo = folder / "a photo; 照片.JPG"
    photo.write_bytes(bytes(range(256)))
    said = opspact("runbook", "resume", run, "--answer", "ask=done", "--attach", f"photo={photo}")
    assert said.code == 0, said.err
    return photo.read_bytes()


def test_runbooks_and_runs_are_listed(run: str, opspact: Call, tmp_path: Path) -> None:
    listed = opspact("runbook", "list")
    assert (listed.code, "note  reversible   记录" in listed.out) == (0, True)
    data = json.loads(opspact("runbook", "list", "--format", "json").out)
    assert [each["name"] for each in data["runbooks"]] == ["note"]
    (found,) = json.loads(opspact("runbook", "list", "--runs", "--format", "json").out)["runs"]
    assert (found["run"], found["state"], found["actor"], found["targets"]) == (run, "waiting", "li-na", ["here"])
    assert f"{run}  waiting  note on here" in opspact("runbook", "list", "--runs").out
    assert opspact("runbook", "list", "other", "--runs").code == 4
    assert opspact("runbook", "list", "other").code == 4
    finish(run, opspact, tmp_path)
    assert f"{run}  done" in opspact("runbook", "list", "note", "--runs").out


@pytest.mark.parametrize("arguments", [("list", "nots"), ("list", "nots", "--runs"), ("show", "nots")])
def test_the_nearest_name_is_suggested(contract: Contract, opspact: Call, arguments: tuple[str, ...]) -> None:
    contract.write("runbooks/note.yaml", RUNBOOK)
    for _ in ("without a ledger", "with one"):
        said = opspact("runbook", *arguments)
        assert (said.code, 'did you mean "note"?' in said.err) == (4, True), said.err
        opspact("runbook", "run", "note")


def test_a_runbook_that_never_ran_is_not_taken_for_none_that_did(run: str, contract: Contract, opspact: Call) -> None:
    contract.write("runbooks/other.yaml", RUNBOOK.replace("name: note", "name: other"))
    said = opspact("runbook", "list", "other", "--runs")
    assert (said.code, "runbook other was not run yet" in said.err) == (4, True), said.err
    assert run not in said.err


def test_the_record_of_a_run_is_a_document_in_both_languages(run: str, opspact: Call, tmp_path: Path) -> None:
    finish(run, opspact, tmp_path)
    data = json.loads(opspact("runbook", "show", run, "--format", "json").out)
    assert (data["state"], data["text_is_of_the_run"], data["ledger"]["intact"]) == ("done", True, True)
    assert data["steps"][0]["results"][0]["output"] == "<i>数据</i>\n"
    for language, words in (("zh-CN", "操作手册执行记录: 记录"), ("en", "Record of a runbook: Write a note")):
        for form in ("text", "markdown", "html"):
            said = opspact("runbook", "show", run, "--language", language, "--format", form)
            assert (said.code, words in said.out) == (0, True)
            assert ("<i>" in said.out) == (form != "html")  # text and a block of code have it as it is
    assert "操作手册执行记录" in opspact("runbook", "show", run).out


def test_what_was_attached_is_written_to_files_under_safe_names(run: str, opspact: Call, tmp_path: Path) -> None:
    content, folder = finish(run, opspact, tmp_path), tmp_path / "there"
    assert opspact("runbook", "show", run, "--attachments", str(folder)).code == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"1-photo.JPG": content}
    said = opspact("runbook", "show", run, "--attachments", str(folder))
    assert (said.code, "exists already" in said.err) == (2, True)


def test_a_runbook_is_readable_too(run: str, opspact: Call) -> None:
    said = opspact("runbook", "show", "note", "--language", "en")
    assert (said.code, "1. begin: Begin" in said.out, "echo '<i>数据</i>'" in said.out) == (0, True, True)
    assert opspact("runbook", "show", "nothing").code == 4
    assert run not in said.out


def test_the_text_is_that_of_the_run_even_when_it_is_another_one_now(
    run: str, contract: Contract, opspact: Call
) -> None:
    contract.write("runbooks/note.yaml", RUNBOOK.replace("en: Begin", "en: Something else"))
    said = opspact("runbook", "show", run, "--language", "en")
    assert ("Begin" in said.out, "Something else" in said.out, "was not found" in said.out) == (True, False, False)
    contract.git("checkout", "-q", "--orphan", "other")
    contract.git("commit", "-qam", "another history")
    contract.git("branch", "-D", "main")
    contract.git("reflog", "expire", "--expire=now", "--all")
    contract.git("gc", "-q", "--prune=now")
    said = opspact("runbook", "show", run, "--language", "en")
    assert "was not found" in said.out
    (contract.folder / "runbooks/note.yaml").unlink()
    assert "steps are listed by their names" in opspact("runbook", "show", run, "--language", "en").out


def test_a_damaged_record_is_said_to_be_one(run: str, contract: Contract, opspact: Call) -> None:
    with closing(sqlite3.connect(Path(contract.folder) / ".opspact/ledger.sqlite3")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM opspact_events WHERE kind = 'stage.finished'")
        connection.commit()
    said = opspact("runbook", "show", run, "--language", "en")
    assert (said.code, "is not intact" in said.out) == (1, True), said
