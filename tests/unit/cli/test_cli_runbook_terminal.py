"""Questions of a runbook on a terminal: asked until the answer fits, answered up front, ended with the terminal."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from opspact.cli.runbook_terminal import Operator, attachment, pairs
from opspact.errors import Refused
from opspact.report.screen import Screen
from opspact.runbook.doors import Prompt
from opspact.structs import replace

CAUSE = Prompt("ask", "cause", "What is the cause?", choice=("disk", "memory"))
CONFIRM = Prompt("ask", "confirm", "Look at it", choice=("done", "failed"), default="done")


def operator(
    typed: str | None, monkeypatch: pytest.MonkeyPatch, *, answers: Mapping[str, str] | None = None
) -> tuple[Operator, io.StringIO]:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed or ""))
    monkeypatch.setattr(sys, "stderr", shown)
    return Operator(answers or {}, {}, typed is not None, Screen(shown)), shown


def test_it_is_asked_again_until_the_answer_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, shown = operator("fire\n\ndisk\n", monkeypatch)
    reply = asked.ask(CAUSE)
    assert reply
    assert reply.text == "disk"
    assert "What is the cause?" in shown.getvalue()
    assert "[disk/memory]" in shown.getvalue()
    assert 'expected one of disk, memory, got "fire"' in shown.getvalue()


def test_an_empty_answer_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = operator("\n", monkeypatch)
    reply = asked.ask(CONFIRM)
    assert reply
    assert reply.text == "done"


@pytest.mark.parametrize("name", ["ask.cause", "cause"])
def test_an_answer_given_up_front_is_not_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, shown = operator("memory\n", monkeypatch, answers={name: "disk"})
    reply = given.ask(CAUSE)
    assert reply
    assert (reply.text, shown.getvalue()) == ("disk", "")


def test_without_a_terminal_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert operator(None, monkeypatch)[0].ask(CAUSE) is None


PHOTO = Prompt("change", "confirm", "Change the disk", choice=("done", "failed"), default="done", attach="photo")


@pytest.mark.parametrize(
    ("typed", "prompt"), [("", CAUSE), ("fire\n", CAUSE), ("done\n", PHOTO), ("\n/nowhere\n", PHOTO)]
)
def test_nobody_answers_once_the_terminal_was_closed(
    monkeypatch: pytest.MonkeyPatch, typed: str, prompt: Prompt
) -> None:
    asked, shown = operator(typed, monkeypatch)
    assert asked.ask(prompt) is None
    assert shown.getvalue().count("the terminal was closed") == 1


def test_no_evidence_is_asked_for_of_what_could_not_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, shown = operator("failed\n", monkeypatch)
    reply = asked.ask(PHOTO)
    assert reply
    assert (reply.text, reply.attachments) == ("failed", ())
    assert "file with" not in shown.getvalue()


def test_a_file_with_a_secret_is_not_attached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_text("password=x")
    good.write_text("words")
    asked, shown = operator(f"done\n{bad}\n{good}\n", monkeypatch)
    asked = replace(asked, holds_secret=lambda text: "password" in text)
    reply = asked.ask(PHOTO)
    assert reply
    assert [each.file for each in reply.attachments] == ["good"]
    assert f"{bad} holds a secret" in shown.getvalue()
    with pytest.raises(Refused, match="holds a secret"):
        replace(asked, files={"photo": bad}).check({}, ["photo"])


def test_evidence_is_asked_for_until_a_file_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    photo = tmp_path / "照片.jpg"
    photo.write_bytes(b"abc")
    asked, shown = operator(f"done\n/nowhere\n{photo}\n", monkeypatch)
    reply = asked.ask(Prompt("change", "confirm", "Change the disk", choice=("done", "failed"), attach="photo"))
    assert reply
    (attached,) = reply.attachments
    assert (attached.name, attached.file, attached.size, attached.content) == ("photo", "照片.jpg", 3, "YWJj")
    assert "cannot read /nowhere" in shown.getvalue()


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (2**20 + 1))
    with pytest.raises(Refused, match="larger than 1 MiB"):
        attachment("photo", large)


@pytest.mark.parametrize("given", [["word"], ["=x"], ["a=1", "a=2"]])
def test_pairs_are_names_with_values_once(given: list[str]) -> None:
    with pytest.raises(Refused, match="--input"):
        pairs("--input", given)


def test_a_value_may_hold_the_sign_and_be_empty() -> None:
    assert pairs("--input", ["a=b=c", "d="]) == {"a": "b=c", "d": ""}
