"""A timer that is started or whose schedule changed waits for its next time: its stamp is set, in the right order.

The task's own script is run by sh; systemd alone is played.
"""

import os
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from looked_at import FakeHost, Said
from step_answers import systemd

from opspact.steps import systemd as manager
from opspact.steps.restart import UNREAD
from opspact.steps.unit import Unit

NAME = "opspact-inspection-daily.timer"
FILE = f"/etc/systemd/system/{NAME}"
TIMER = Unit(name=NAME, watches=(FILE,))
WEEKS_AGO, DAY = 30 * 86400, 86400
SYSTEMCTL = """\
cd {folder} || exit
case "$1 $2" in
  "show --property=NeedDaemonReload") sed -n s/NeedDaemonReload=//p shown ;;
  show*) [ -e shown ] && cat shown ;;
  is-failed*) exit 1 ;;
  *) echo "$1 $(($(date +%s) - $(stat -c %Y stamp-* 2>/dev/null || echo 0)))" >>done ;;
esac
"""


@dataclass
class Machine:
    """A timer on a host, in a folder; what systemd was asked to do, and how old the stamp was then."""

    folder: Path
    shown: dict[str, str] = field(
        default_factory=lambda: {"ActiveState": "active", "NeedDaemonReload": "no", "Persistent": "yes"}
    )

    @property
    def stamp(self) -> Path:
        return self.folder / f"stamp-{NAME}"

    def stamped(self, *, seconds_ago: int) -> None:
        at = int(time.time()) - seconds_ago
        self.stamp.touch()
        os.utime(self.stamp, (at, at))

    def says(self, *, last: int | None = None, **shown: str) -> None:
        """Have systemd say this of the timer; `last`: how many seconds ago it elapsed as systemd remembers it."""
        at = datetime.fromtimestamp(int(time.time()) - (last or 0), UTC)
        elapsed = "" if last is None else f"{at:%a %Y-%m-%d %H:%M:%S UTC}"
        facts = {**self.shown, **shown, "LastTriggerUSec": elapsed}
        (self.folder / "shown").write_text("".join(f"{name}={value}\n" for name, value in facts.items()))

    def run(self, script: str, *words: str) -> Said:
        program = self.folder / "systemctl"
        program.write_text(f"#!/bin/sh\n{SYSTEMCTL.format(folder=self.folder)}")
        program.chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", "-c", script.replace(manager.STAMPS, str(self.folder)), "sh", *words],
            env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.stdout, done.returncode, done.stderr)

    def prepare(self, *, dry: bool = False, unit: Unit = TIMER) -> Said:
        """Run what comes before the reload and the start."""
        first, *_ = unit.tasks()
        return self.run(str(first.arguments["cmd"]).replace("{{ ansible_check_mode }}", str(dry)))

    @property
    def done(self) -> list[str]:
        log = self.folder / "done"
        return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def age(self) -> int:
        return int(time.time() - self.stamp.stat().st_mtime)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_timer_whose_file_changed_is_stamped_and_restarted_before_systemd_reloads(machine: Machine) -> None:
    machine.says(last=5 * 3600, NeedDaemonReload="yes")
    machine.stamped(seconds_ago=5 * 3600)
    assert machine.prepare() == Said("daemon-reload\n")
    assert machine.done == ["restart"]
    assert machine.age < 10
    assert int((machine.folder / "done").read_text().split()[1]) < 10  # the stamp came first


def test_a_timer_that_waits_as_defined_is_left_alone(machine: Machine) -> None:
    machine.says(last=5 * 3600)
    machine.stamped(seconds_ago=5 * 3600)
    assert machine.prepare() == Said()
    assert machine.done == []
    assert machine.age >= 5 * 3600


@pytest.mark.parametrize("state", ["inactive", "failed"])
def test_a_timer_that_is_started_again_after_weeks_waits_for_its_next_time(machine: Machine, state: str) -> None:
    machine.says(ActiveState=state)
    machine.stamped(seconds_ago=WEEKS_AGO)
    assert machine.prepare() == Said()
    assert machine.done == []  # the task after this one starts it
    assert machine.age < 10


def test_what_a_host_missed_while_it_was_off_stays_due_when_it_is_about_to_start_the_timer(machine: Machine) -> None:
    machine.says(ActiveState="inactive", Job="81")
    machine.stamped(seconds_ago=DAY)
    assert machine.prepare() == Said()
    assert machine.age >= DAY
    machine.says(ActiveState="inactive", Job="81", NeedDaemonReload="yes")
    assert machine.prepare() == Said("daemon-reload\n")
    assert machine.age < 10


def test_a_new_timer_gets_no_stamp_of_ours(machine: Machine) -> None:
    machine.says(ActiveState="inactive", Persistent="no")
    assert machine.prepare() == Said()
    assert not machine.stamp.exists()


@pytest.mark.parametrize(("stamp", "last"), [(None, None), (-DAY, None), (WEEKS_AGO, DAY)])
def test_a_stamp_that_is_wrong_is_set_right(machine: Machine, stamp: int | None, last: int | None) -> None:
    machine.says(last=last)
    if stamp is not None:
        machine.stamped(seconds_ago=stamp)
    assert machine.prepare() == Said()
    assert machine.done == ["restart"]
    assert stamp is None or abs(machine.age) < 10


def test_a_dry_run_changes_nothing(machine: Machine) -> None:
    machine.says(NeedDaemonReload="yes")
    machine.stamped(seconds_ago=DAY)
    assert machine.prepare(dry=True) == Said("daemon-reload\n")
    assert machine.done == []
    assert machine.age >= DAY


def test_without_an_answer_of_systemd_nothing_is_reloaded(machine: Machine) -> None:
    assert machine.prepare().rc == 1
    (machine.folder / "shown").write_text("ActiveState=active\n")
    assert machine.prepare().rc == 1
    assert machine.done == []


def test_a_service_is_prepared_without_any_of_this() -> None:
    first, *_ = Unit(name="nginx.service").tasks()
    assert manager.STAMPS not in str(first.arguments["cmd"])


def test_timers_that_are_defined_here_come_before_what_may_have_systemd_reload() -> None:
    service, theirs = Unit(name="apache2.service"), Unit(name="apt-daily.timer")
    stopped = Unit(name=NAME, watches=(FILE,), running=False)
    assert min([service, theirs, TIMER], key=lambda unit: unit.order) is TIMER
    assert stopped.order > service.order


@pytest.mark.parametrize(
    ("stamp", "last", "words"),
    [
        (None, None, "has no stamp"),
        (-DAY, None, "lies in the future"),
        (WEEKS_AGO, DAY, "is older than its last run"),
        (DAY, DAY, ""),
        (DAY, None, ""),
    ],
)
def test_a_wrong_stamp_is_a_difference(machine: Machine, *, stamp: int | None, last: int | None, words: str) -> None:
    known = {"LoadState": "loaded", "UnitFileState": "enabled", "InactiveExitTimestamp": "@1", **machine.shown}
    machine.says(last=last, **(dict.fromkeys(manager.PROPERTIES, "x") | known))
    if stamp is not None:
        machine.stamped(seconds_ago=stamp)
    said = machine.run(UNREAD, NAME, str(machine.folder / "note"))
    assert said.rc == 0, said.stderr
    found = list(TIMER.check(FakeHost(said), {}))
    assert len(found) == bool(words)
    assert all(words in difference for difference in found)


@pytest.mark.parametrize(
    "lines",
    [
        "Persistent=yes\nLastTriggerUSec=\n",
        "Persistent=yes\nLastTriggerUSec=yesterday\nStamp=1\nClock=2\n",
        "Persistent=yes\nLastTriggerUSec=Sun 2026-11-29 10:28:14 CST\nStamp=1\nClock=2\n",
        "Persistent=yes\nStamp=1\nClock=2\n",
        "Persistent=yes\nLastTriggerUSec=\nStamp=1\nClock=\n",
    ],
)
def test_a_stamp_of_which_nobody_knows_is_unknown(lines: str) -> None:
    host = FakeHost(Said(systemd().removesuffix("end\n") + lines + "end\n"))
    with pytest.raises(ValueError, match="unexpected times"):
        list(TIMER.check(host, {}))


def test_a_stamp_that_cannot_be_read_is_unknown(machine: Machine) -> None:
    machine.says(last=DAY)
    machine.stamped(seconds_ago=DAY)
    program = machine.folder / "stat"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert machine.run(UNREAD, NAME, str(machine.folder / "note")).rc == 1
    assert machine.prepare().rc == 1
    assert machine.done == []
