"""Completion in real shells, and the answers that they get."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from calling import Call

from opspact.cli.candidates import SCRIPTS, candidates
from opspact.cli.commands import COMMANDS

POLICIES = """\
# A comment
kind: inspection
name: hourly
items: {name: no-policy}
---
{kind: roster, name: night}
---
kind: sla
name: standard
levels:
  I:
    means: {zh: 甲, en: x}
  "II":
    means: {zh: 乙, en: y}
text: z
---
name: C1
kind: clause
---
kind: clause
name: "C2; rm -rf ."
---
kind: visit
name: call
---
kind: person
name: ann
"""
TYPED = (
    ("opspact che", "check"),
    ("opspact plan --form", "plan --format"),
    ("opspact plan --format=js", "plan --format=json"),
    ("opspact verify --no-color app1,db", "verify --no-color app1,db01"),
    ("opspact verify web:db", "verify web:db01"),
    ("opspact --become-password secret:v", "--become-password secret:vault:"),
    ("opspact apply sub/pl", "apply sub/plan.json"),
    ("opspact plan --out=sub/pl", "plan --out=sub/plan.json"),
    ("opspact trace insp", "trace inspection/hourly"),
    ("opspact explain op209", "explain OP209"),
    ("./opspact che", "check"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = {
        "policies/every.yaml": POLICIES,
        "policies/broken.yaml": "kind: team\nname: [\n\t}",
        "inventory/hosts": "[web]\napp1 ansible_host=x\n[data]\ndb[01:01]\n[all:vars]\nzone=y\n[site:children]\nweb\n",
        "inventory/more.yaml": "late: {hosts: {app1: , 'evil;id': , old: !vault x}, children: {inner: }}\n",
        "inventory/broken.yaml": "all: [",
        "inventory/group_vars/all.yaml": "all: {hosts: {nobody: }}\n",
        "sub/plan.json": "{}",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    program = tmp_path / "bin" / "opspact"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m opspact "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "opspact").write_text(f"#!/bin/sh\n: >{tmp_path}/has-run\necho wrong\n", encoding="utf-8")
    (tmp_path / "opspact").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TERM": "dumb",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def offered(line: str) -> set[str]:
    return {name for name, _ in candidates(line.split(" "))}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", {name for name in COMMANDS if " " not in name}),
        ("plan approve --k", {"--key"}),
        ("oncall ", {"who", "gaps", "balance", "export"}),
        ("help sla ", {"due"}),
        ("-v oncall who --roster ", {"night"}),
        ("inspect run ", {"hourly"}),
        ("sla due --level ", {"I", "II"}),
        ("verify ", {"app1", "db01", "old", "web", "data", "site", "late", "inner", "all"}),
        ("verify app1 old ", {"db01", "web", "data", "site", "late", "inner", "all"}),
        (
            "plan --limit web:!",
            {f"web:!{name}" for name in ("app1", "db01", "old", "data", "site", "late", "inner", "all")},
        ),
        (
            "trace ",
            {
                "C1",
                "inspection/hourly",
                "person/ann",
                "roster/night",
                "sla/standard",
                "visit/call",
                "app1",
                "db01",
                "old",
            },
        ),
        ("record ", {"visit/call"}),
        ("record --by ", {"ann"}),
        ("check --format=s", {"--format=sarif"}),
        ("check --format ", {"text", "json", "sarif", "github", "junit"}),
        ("explain OP50", {"OP500", "OP501", "OP502", "OP503", "OP504", "OP505", "OP506"}),
        ("explain op50", {"OP500", "OP501", "OP502", "OP503", "OP504", "OP505", "OP506"}),
        ("schema ros", {"roster"}),
        ("ledger show --kind apply.f", {"apply.finished"}),
        ("completion ", {"bash", "zsh", "fish"}),
        ("check --at ", set()),
        ("check ", set()),
        ("nonsense ", set()),
        ("verify -- --f", set()),
        ("apply ", {":files"}),
        ("init ", {":directories"}),
    ],
)
def test_what_can_be_written_here_is_offered(folder: Path, line: str, wanted: set[str]) -> None:
    assert folder.is_dir()
    assert offered(line) == wanted


def test_the_contract_that_is_named_is_the_one_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert offered("verify ") == {"all"}
    assert "app1" in offered(f"verify --contract {folder} ")
    assert "app1" in offered(f"--contract={folder} verify ")


def test_what_a_contract_multiplies_is_not_waited_for(folder: Path) -> None:
    groups = "".join(
        f"g{level}: &g{level} {{children: {{a: *g{level - 1}, b: *g{level - 1}}}}}\n" for level in range(1, 40)
    )
    nested = "".join(
        f"g{level}: {{children: &c{level} {{a: {{children: *c{level - 1}}}, b: {{children: *c{level - 1}}}}}}}\n"
        for level in range(1, 40)
    )
    (folder / "inventory/broken.yaml").write_text(f"g0: &g0 {{hosts: {{deep: }}}}\n{groups}", encoding="utf-8")
    (folder / "inventory/more.yaml").write_text(f"g0: {{children: &c0 {{low: }}}}\n{nested}", encoding="utf-8")
    (folder / "inventory/many").write_text("n[1:99999][1:99999][1:99999]\n", encoding="utf-8")
    (folder / "policies/endless.yaml").symlink_to("/dev/zero")
    assert {"app1", "g39", "low"} <= offered("verify ")
    assert "C1" in offered("trace ")


def test_branches_and_tags_are_commits_to_compare_with(folder: Path) -> None:
    names = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["tag", "v1"]):
        subprocess.run(["git", *names, *command], cwd=folder, check=True)
    assert offered("check --base ") == {"main", "v1"}


def test_a_word_is_answered_without_loading_the_program(folder: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "opspact", "__complete", "verify", "a"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"\| +(\S+)$", done.stderr, re.MULTILINE))

    assert done.stdout.splitlines() == ["app1\thost", "all\tgroup"]
    assert "yaml.reader" in loaded
    assert loaded & {"typer", "pydantic", "msgspec", "rich", "opspact.structs", "subprocess"} == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_its_script_is_printed(folder: Path, shell: str) -> None:
    done = subprocess.run(["opspact", "completion", shell], cwd=folder, capture_output=True, text=True, check=True)

    assert done.stdout == (SCRIPTS / f"opspact.{shell}").read_text(encoding="utf-8")


INTERACTIVE: dict[str, Sequence[str]] = {
    "bash": ("bash --noprofile --norc -i",),
    "zsh": ("zsh -f -i", "autoload -Uz compinit; compinit -u -D"),
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", INTERACTIVE)
def test_the_tabulator_completes_in_a_shell(folder: Path, shell: str) -> None:
    """The line is typed, completed, and printed word by word (Ctrl-A goes to its begin)."""
    program, *first = INTERACTIVE[shell]
    typed = [
        *first,
        f"source {SCRIPTS}/opspact.{shell}",
        *(f"{line}\t\x01echo : " for line, _ in TYPED),
        "exit",
        "",
    ]
    done = subprocess.run(
        ["script", "-qec", program, "/dev/null"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        input="\n".join(typed),
        timeout=100,
    )
    printed = re.findall(r"[\r\n](: (?:./)?opspact [^\r\n\x1b]*)[\r\n]", done.stdout)

    assert [line.split()[2:] for line in printed] == [wanted.split() for _, wanted in TYPED]
    assert not (folder / "has-run").exists()


@pytest.mark.slow
def test_fish_completes_a_line(folder: Path) -> None:
    asked = "; ".join(f"complete -C '{line}'; echo" for line, _ in TYPED)
    command = ["fish", "--no-config", "-c", f"source {SCRIPTS}/opspact.fish; {asked}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    answers = [text.partition("\t")[0] for text in done.stdout.split("\n\n")]

    assert answers[: len(TYPED)] == [wanted.split()[-1] for _, wanted in TYPED]
    assert not (folder / "has-run").exists()


@pytest.mark.parametrize(("words", "hint"), [(["bsh"], 'did you mean "bash"?'), ([], "one of bash, zsh, fish")])
def test_a_shell_that_is_not_known_or_not_named_is_refused(opspact: Call, words: list[str], hint: str) -> None:
    said = opspact("completion", *words)

    assert said.code == 2
    assert hint in said.err
    assert "internal error" not in said.err


def test_the_help_that_a_refusal_names_is_that_of_the_command_itself(opspact: Call) -> None:
    assert "`opspact calendar due --help`" in opspact("calendar", "due").err
