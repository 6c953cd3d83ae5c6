"""What a run asks of a host beside its steps: each program fails in turn, and nobody takes that for an answer."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from opspact.compile.shape import Work
from opspact.errors import OpspactError
from opspact.fleet import login
from opspact.fleet.connection import Connection, Settings
from opspact.fleet.fence import Hold, take
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.model import names
from opspact.plan.change import Action
from opspact.plan.manifest import Entry, Manifest, to_text
from opspact.plan.manifest_state import HostManifest
from opspact.rollout.foreign_manifests import with_other_manifests
from opspact.rollout.own_login import login_refusals
from opspact.rollout.survey import Surveyor, machine_of
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.package import Package

HOST = Connection("here", ("/bin/sh", "-c"), become=False)
"""This machine, reached through a client as others are through ssh."""
TREE = Package(name="tree")
PROGRAMS = (
    *("apt-get", "base64", "cat", "chmod", "env", "grep", "id", "ls", "mkdir", "mktemp", "mv", "readlink", "rm"),
    *("sed", "sync", "timeout", "tr", "wc"),
)
SAYS = {"apt-get": "echo Remv tree [2.1.0]"}
FAILURES: Mapping[str, str | None] = {
    "silent": "exit 1",
    "garbage": "echo garbage; echo garbage >&2; exit 1",
    "missing": None,
}
TOKENS = count(1)


class Unknown(Exception):  # noqa: N818 - what a question without an answer comes to
    """The run takes it that nobody knows."""


def fence(session: Session) -> object:
    token = next(TOKENS)
    take(session, Hold(token, f"r{token}", "/bin/sh"))
    wrapper = Path(f"{names.FENCED_PYTHON}r{token}")
    assert wrapper.read_text().endswith('exec /bin/sh "$@"\n')
    return True


def others(session: Session) -> object:
    own = HostManifest()
    found = with_other_manifests(session, own, ["ours"], wanted=[])
    if found.stops_work:
        raise Unknown(found.detail)
    return tuple(found.others)


def closing(session: Session) -> object:
    refused = login_refusals(session, made=[ClosedAccount(name="li-na")], removed=[])
    if refused:
        raise Unknown(str(refused))
    return refused


def leaving(session: Session) -> object:
    surveyor = Surveyor(Sessions({"here": session}, Settings()), "ours", {})
    (plan,) = surveyor.survey({"here": Work(())}, ["here"]).plans()
    assert not plan.of(Action.RELEASE)
    if not plan.of(Action.REMOVE):
        raise Unknown(plan.detail)
    return tuple(plan.of(Action.REMOVE))


QUESTIONS: Mapping[str, Callable[[Session], object]] = {
    "a file": lambda session: session.read(names.manifest("ours")),
    "a file that is not there": lambda session: session.read(names.manifest("nobody")) is None,
    "names in a folder": lambda session: session.names(names.MANIFESTS),
    "names in a folder that is not there": lambda session: session.names(f"{names.MANIFESTS}/none") == (),
    "the machine": machine_of,
    "other contracts": others,
    "the fence": fence,
    "the own login": closing,
    "what needs a package": leaving,
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs that sessions have; `calls` beside it lists those called."""
    folder = tmp_path / "programs"
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.9 50022 192.0.2.1 22")
    monkeypatch.setattr(login, "SETTING", f"export LC_ALL=C.UTF-8 PATH={folder}\n")
    for name, part in (("MANIFESTS", "manifests"), ("FENCE", "fence"), ("FENCED_PYTHON", "state/python-")):
        monkeypatch.setattr(names, name, str(tmp_path / part))
    (tmp_path / "manifests").mkdir()
    for contract, entries in (("ours", (Entry(TREE, made=True),)), ("theirs", ())):
        Path(names.manifest(contract)).write_text(to_text(Manifest(entries)))
    return folder


def put(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def install(folder: Path) -> None:
    for name in PROGRAMS:
        does = SAYS.get(name, f'exec {shutil.which(name)} "$@"')
        put(folder, name, f"echo {name} >>{folder.parent}/calls\n{does}")


@contextmanager
def session() -> Iterator[Session]:
    opened = Session(HOST, Settings())
    try:
        yield opened
    finally:
        opened.close()


def called(folder: Path, question: str) -> list[str]:
    """Return the programs that a question calls when all of them work."""
    install(folder)
    with session() as here:
        assert QUESTIONS[question](here) not in (None, False)
    return sorted(set((folder.parent / "calls").read_text().split()))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_its_answer(question: str, programs: Path) -> None:
    assert called(programs, question)


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_that_cannot_be_asked_is_no_answer(question: str, failure: str, programs: Path) -> None:
    for name in called(programs, question):
        install(programs)
        script = FAILURES[failure]
        if script is None:
            (programs / name).unlink()
        else:
            put(programs, name, script)
        with session() as here, pytest.raises((Unknown, OpspactError)):
            pytest.fail(f"{name} fails, and the answer is {QUESTIONS[question](here)}")


def test_the_question_of_a_package_says_why_it_has_no_answer(programs: Path) -> None:
    install(programs)
    put(programs, "apt-get", "echo 'E: Could not open file /var/lib/dpkg/status' >&2; exit 100")
    with session() as here:
        surveyor = Surveyor(Sessions({"here": here}, Settings()), "ours", {})
        (plan,) = surveyor.survey({"here": Work(())}, ["here"]).plans()
    (change,) = plan.changes
    assert (change.action, change.step) == (Action.MANUAL, TREE)
    assert "/var/lib/dpkg/status" in change.why
