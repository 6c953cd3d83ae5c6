"""A restore from the choice of the copy to its recorded result, over a session of this machine, with the real program.

`systemctl` and `borg` stand in front of the real ones.
"""

import json
import shlex
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import pytest
from programs import Machine

from opspact.compile.jobs import program_text
from opspact.errors import Busy, NothingFound, OperationFailed, Place
from opspact.fleet import lock
from opspact.fleet.connection import Settings
from opspact.fleet.failures import HostLost
from opspact.fleet.sessions import open_sessions
from opspact.jobs import collection
from opspact.jobs.collection import Collector
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger, open_ledger
from opspact.model import names
from opspact.model.inventory.host import Host
from opspact.model.job import RESTORE, RequestedJob
from opspact.model.origin import Origin
from opspact.model.result import Outcome, Result, Verdict
from opspact.recovery import restore
from opspact.recovery.restore import ChosenCopy, Folder, HostRestore, InPlace, OneDatabase, RestoreRequest
from opspact.steps import systemd

JOB = RequestedJob(RESTORE, "nightly", ("h0",), Origin("backup/nightly", Place("policies/all.yaml", 1)))
BORG = """\
case $1 in
  list) cat {folder}/archives ;;
  extract) mkdir -p srv && echo data >srv/a ;;
esac
"""
SYSTEMCTL = """\
echo "$*" >>{folder}/asked
case $1 in
  show)
    case $2 in
      *ActiveState) cat {folder}/state ;;
      *) cat {folder}/stale ;;
    esac ;;
  start)
    [ "$2" = --no-block ] || exit 9
    stat -c %a {folder}/requests {folder}/requests/nightly.json >{folder}/modes
    {program}
    exit 0 ;;
esac
"""


class Restoring:
    """A host with one copy, made an hour ago."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.folder = machine, machine.folder
        machine.command("borg", BORG.format(folder=self.folder))
        place = self.folder / "etc/restore"
        place.mkdir(parents=True)
        settings = {
            "job": JOB.key,
            "spool": str(machine.spool),
            "policy": "nightly",
            "repository": "ssh://backup/./main",
            "environment": {"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
            "state": str(self.folder / "state-of-restores"),
            "request": names.restore_request("nightly"),
            "account": "",
        }
        (place / "nightly.json").write_text(json.dumps(settings))
        program = self.folder / "lib/restore.py"
        program.parent.mkdir()
        program.write_text(program_text("restore"))
        self.systemd(f"{sys.executable} -I {program} {place}/nightly.json 2>/dev/null")
        self.says(state="inactive")
        self.copies(age=3600)

    def systemd(self, program: str) -> None:
        """Have a unit's start run a program."""
        self.machine.command("systemctl", SYSTEMCTL.format(folder=self.folder, program=program))

    def says(self, *, state: str, stale: str = "no") -> None:
        (self.folder / "state").write_text(f"{state}\n")
        (self.folder / "stale").write_text(f"{stale}\n")

    def copies(self, *, age: float) -> None:
        at = time.gmtime(time.time() - age)
        name, stamp = time.strftime("nightly-%Y%m%dT%H%M%SZ", at), time.strftime("%Y-%m-%dT%H:%M:%S.000000", at)
        archive = {"id": "a1", "name": name, "time": stamp, "comment": ""}
        (self.folder / "archives").write_text(json.dumps({"archives": [archive]}))

    @property
    def asked(self) -> str:
        return (self.folder / "asked").read_text()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Restoring:
    monkeypatch.setattr(names, "PROGRAM_FOLDER", str(tmp_path / "lib"))
    monkeypatch.setattr(names, "SETTINGS_FOLDER", str(tmp_path / "etc"))
    monkeypatch.setattr(names, "RESTORE_REQUESTS", str(tmp_path / "requests"))
    monkeypatch.setattr(lock, "HOST_LOCK", str(tmp_path / "lock"))
    machine = Machine(tmp_path)
    monkeypatch.setattr(collection, "_ASK", shlex.join(machine.command_line("reader", machine.spool)))
    for name in ("start_at_once", "wait_for_end"):  # a session's shell finds the host's own programs alone
        real: Callable[..., str] = getattr(systemd, name)
        before = f"PATH={tmp_path}/bin:$PATH\n"
        monkeypatch.setattr(systemd, name, lambda *words, real=real, before=before: before + real(*words))
    return Restoring(machine)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def context() -> Context:
    return Context(at=datetime.now(UTC), actor="test", contract="office")


@contextmanager
def restoring(ledger: Ledger) -> Iterator[HostRestore]:
    local = {"ansible_connection": "local", "ansible_become": False}
    with open_sessions([Host("h0", local)], settings=Settings()) as sessions:
        yield HostRestore(Collector(sessions, ledger, context), JOB, "h0")


def request(host: Restoring, **changed: object) -> RestoreRequest:
    target = Folder(str(host.folder / "restored"))
    return RestoreRequest(target=target, **changed)  # type: ignore[arg-type]  # the fields of a request


def test_a_copy_is_chosen_restored_and_its_result_recorded(host: Restoring, ledger: Ledger) -> None:
    with restoring(ledger) as found:
        copy = found.choose(request(host))
        assert (copy.id, copy.record, 3600 <= copy.age_seconds < 3660) == ("a1", {}, True)
        assert not (host.folder / "restored").exists()
        id_ = found.submit(request(host), copy)
        result = found.wait_for_result(id_)
        assert isinstance(result, Result)
        assert (result.outcome, result.verdict, result.facts["request"]) == (Outcome.DONE, Verdict.WARNING, id_)
        assert (host.folder / "restored/srv/a").read_text() == "data\n"
        assert found.result_of(id_) == result
        assert found.result_of("another") is None
    assert (host.folder / "modes").read_text().split() == ["700", "600"]
    assert list((host.folder / "requests").iterdir()) == []
    assert "daemon-reload" not in host.asked


def test_a_unit_that_systemd_knows_as_it_was_is_read_first(host: Restoring, ledger: Ledger) -> None:
    host.says(state="failed", stale="yes")
    with restoring(ledger) as found:
        id_ = found.submit(request(host), found.choose(request(host)), id_="rebuild-1-files")
        assert id_ == "rebuild-1-files"
        assert isinstance(found.wait_for_result(id_), Result)
    assert host.asked.index("daemon-reload") < host.asked.index("start --no-block")


def test_the_end_of_a_restore_is_waited_for(host: Restoring, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_WAIT", 1)
    with restoring(ledger) as found:
        id_ = found.submit(request(host), found.choose(request(host)))
        host.says(state="deactivating")
        ending = Timer(2.5, lambda: host.says(state="inactive"))
        ending.start()
        begun = time.monotonic()
        assert isinstance(found.wait_for_result(id_), Result)
        assert time.monotonic() - begun > 2
        ending.join()


def test_two_restores_of_one_policy_never_run_at_once(host: Restoring, ledger: Ledger) -> None:
    host.says(state="activating")
    with restoring(ledger) as found:
        copy = found.choose(request(host))
        with pytest.raises(Busy):
            found.submit(request(host), copy)
        host.says(state="inactive")
        assert isinstance(found.wait_for_result(found.submit(request(host), copy)), Result)
    assert host.asked.count("start") == 1


def test_a_point_in_time_before_the_first_copy_and_suspect_copies_find_none(host: Restoring, ledger: Ledger) -> None:
    with restoring(ledger) as found:
        name = found.choose(request(host)).name
        with pytest.raises(NothingFound, match="1 suspect"):
            found.choose(request(host, suspect=(name,)))
        with pytest.raises(NothingFound, match="1 begun after 2026-01-01T00:00:00Z"):
            found.choose(request(host, at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_a_host_without_the_program_is_named(host: Restoring, ledger: Ledger) -> None:
    (host.folder / "lib/restore.py").unlink()
    with restoring(ledger) as found, pytest.raises(NothingFound, match="is not on this host"):
        found.choose(request(host))


def test_a_host_that_gives_nonsense_is_no_choice(host: Restoring, ledger: Ledger) -> None:
    for program in ("print('[]')", "print('{\"archive\": 1}')", "import sys; sys.exit('no borg here')"):
        (host.folder / "lib/restore.py").write_text(program)
        with restoring(ledger) as found, pytest.raises(OperationFailed, match="cannot be listed"):
            found.choose(request(host))


def test_a_unit_that_cannot_be_started_leaves_why(host: Restoring, ledger: Ledger) -> None:
    host.systemd("echo 'Unit opspact-restore-nightly.service not found.' >&2; exit 5")
    with restoring(ledger) as found, pytest.raises(OperationFailed, match="not found"):
        found.submit(request(host), found.choose(request(host)))


def test_a_systemd_that_does_not_answer_is_not_waited_for(host: Restoring, ledger: Ledger) -> None:
    with restoring(ledger) as found:
        copy = found.choose(request(host))
        id_ = found.submit(request(host), copy)
        host.machine.command("systemctl", "echo 'Running in chroot, ignoring command' >&2")
        assert isinstance(found.wait_for_result(id_), Result)
        with pytest.raises(OperationFailed, match="Running in chroot"):
            found.submit(request(host), copy)


def test_a_run_that_leaves_no_result_is_no_result(host: Restoring, ledger: Ledger) -> None:
    host.systemd("rm {requests}/nightly.json".format(requests=host.folder / "requests"))
    with restoring(ledger) as found:
        answer = found.wait_for_result(found.submit(request(host), found.choose(request(host))))
    assert answer == "opspact-restore-nightly.service left no result: see journalctl -u opspact-restore-nightly.service"


def test_a_host_that_is_lost_meanwhile_keeps_its_result_to_be_collected(
    host: Restoring, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "_PATIENCE", 0.3)
    monkeypatch.setattr(restore, "_WAIT", 0)
    with restoring(ledger) as found:
        id_ = found.submit(request(host), found.choose(request(host)))
        host.machine.command("systemctl", "sleep 60")
        lost = found.wait_for_result(id_)
        assert isinstance(lost, HostLost)
        assert found.result_of(id_) is None
    with restoring(ledger) as found:
        assert found.collector.collect([JOB]).verdicts.total() == 1
        assert found.result_of(id_) is not None


def test_targets_say_what_is_asked_for() -> None:
    assert Folder("/srv/x", ("/etc",)).request == {"folder": "/srv/x", "paths": ("/etc",)}
    assert Folder("/srv/x").request == {"folder": "/srv/x"}
    assert InPlace(("/srv/oa",)).request == {"in_place": ("/srv/oa",)}
    assert OneDatabase("oa", "ob").request == {"database": {"name": "oa", "as": "ob", "create_roles": False}}
    shown = [str(one) for one in (Folder("/x", ("/a", "/b")), Folder("/x"), InPlace(("/a",)), OneDatabase("oa", "ob"))]
    assert shown == ["/a, /b to /x", "all files to /x", "/a in place", "database oa as ob"]


def test_a_request_is_for_root_alone_whatever_the_folder_was(host: Restoring, ledger: Ledger) -> None:
    (host.folder / "requests").mkdir(mode=0o777)
    with restoring(ledger) as found:
        copy = ChosenCopy(name="x", id="a1", started=datetime.now(UTC), age_seconds=1.0, record={})
        found.submit(request(host), copy)
    assert stat.S_IMODE((host.folder / "requests").stat().st_mode) == 0o700
