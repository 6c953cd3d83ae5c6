"""An apply starts no job for a time that a schedule had in the past, and a host catches up on what it missed while off.

Run on both releases. The hosts' clocks are this machine's, so schedules are set around the time at which a test runs,
and the stamps of timers are set back: they are all that systemd knows of earlier runs.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from contracts import Contract, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

HOSTS = {"app1": "257", "app2": "252"}
TIMER, SERVICE = "opspact-inspection-quick.timer", "opspact-inspection-quick.service"
STAMP, SPOOL = f"/var/lib/systemd/timers/stamp-{TIMER}", "/var/lib/opspact/spool/inspection/quick"
FILE = f"/etc/systemd/system/{TIMER}"
POLICY = """\
kind: inspection
name: quick
hosts: app1:app2
schedule: daily at {at}
items: [{{memory: {{warn: 99%, critical: 99.9%}}}}]
"""
GUARD = """\
kind: window
name: guard-{host}
type: guard
hosts: {host}
days: {first}..{last}
inspections: {{quick: "hourly at :{minute}"}}
allows: [apply]
"""
DAY = timedelta(days=1)
NOTHING = """\
kind: service
name: note
hosts: app1:app2
owner: crew
files: [{path: /etc/note, content: ""}]
"""


def ago(**length: int) -> str:
    return f"{datetime.now(ZoneInfo('Asia/Shanghai')) - timedelta(**length):%H:%M}"


def schedule(contract: Contract, at: str) -> None:
    contract.write("policies/all.yaml", POLICY.format(at=at))
    contract.commit()


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with small(two_releases, "timers", POLICY.format(at=ago(hours=5, minutes=5))) as made:
        said = made.good("apply", "--yes")
        assert "converged" in said.out
        yield made


def root(lab: Lab, host: str, command: str) -> str:
    done = lab.root(host, command)
    assert done.rc == 0, done
    return done.out


def ran_last(lab: Lab, *, hours_ago: int) -> None:
    """Have systemd take the timer's last run to have been then."""
    for host in HOSTS:
        set_stamp = f"touch -d '{hours_ago} hours ago' {STAMP}"
        root(lab, host, f"systemctl stop {TIMER} && {set_stamp} && systemctl start {TIMER}")


def runs(lab: Lab) -> list[int]:
    return [int(root(lab, host, f"ls {SPOOL}/*.json 2>/dev/null | wc -l")) for host in HOSTS]


def waits(lab: Lab) -> bool:
    """Whether the timer waits on all hosts; nothing runs any more."""
    time.sleep(2.5)  # a timer that is overdue elapses within a second
    asked = f"systemctl show --value --property=SubState {TIMER} {SERVICE} | xargs"
    return {root(lab, host, asked) for host in HOSTS} == {"waiting dead\n"}


def test_releases_are_those_that_the_trap_was_measured_on(two_releases: Lab, contract: Contract) -> None:
    for host, version in HOSTS.items():
        assert root(two_releases, host, "systemctl --version").split()[1] == version
    contract.good("verify")  # timers that never elapsed have stamps that are right


def test_an_edited_schedule_starts_nothing(two_releases: Lab, contract: Contract) -> None:
    ran_last(two_releases, hours_ago=5)
    assert runs(two_releases) == [0, 0]
    schedule(contract, ago(hours=1))
    assert "; schedule changed: next run 2" in contract.good("plan").out
    assert "; next run 2" in contract.good("plan", "--live").out
    contract.good("apply", "--yes")
    assert waits(two_releases)
    assert runs(two_releases) == [0, 0]
    contract.good("verify")
    assert contract.good("plan", "--live", "--exit-code").code == 0


def test_without_that_care_systemd_starts_the_job_when_it_reloads(two_releases: Lab, contract: Contract) -> None:
    ran_last(two_releases, hours_ago=1)
    before = runs(two_releases)
    for host in HOSTS:
        at = ago(minutes=30)
        root(two_releases, host, f"sed -i 's/ [0-9:]*:00 Asia/ {at}:00 Asia/' {FILE} && systemctl daemon-reload")
    until(lambda: runs(two_releases) == [count + 1 for count in before])
    contract.good("apply", "--yes")


def test_a_timer_that_comes_back_after_weeks_starts_nothing(two_releases: Lab, contract: Contract) -> None:
    contract.write("policies/all.yaml", NOTHING)
    contract.commit()
    contract.good("apply", "--yes")
    before = runs(two_releases)
    for host in HOSTS:
        root(two_releases, host, f"test ! -e {FILE} && touch -d '30 days ago' {STAMP}")
    schedule(contract, ago(hours=1))
    assert "nothing is started now" in contract.good("plan", "--live").out
    contract.good("apply", "--yes")
    assert waits(two_releases)
    assert runs(two_releases) == before


def test_a_timer_that_was_stopped_by_hand_starts_nothing_either(two_releases: Lab, contract: Contract) -> None:
    before = runs(two_releases)
    for host in HOSTS:
        root(two_releases, host, f"systemctl disable --now {TIMER} && touch -d '3 hours ago' {STAMP}")
    contract.good("apply", "--yes")
    assert waits(two_releases)
    assert runs(two_releases) == before


def test_a_guard_period_makes_a_timer_denser_on_its_days_alone_and_starts_nothing(
    two_releases: Lab, contract: Contract
) -> None:
    schedule(contract, ago(hours=5, minutes=5))
    contract.good("apply", "--yes")
    ran_last(two_releases, hours_ago=5)  # nothing was missed by the schedule so far
    before, now = runs(two_releases), datetime.now(ZoneInfo("Asia/Shanghai"))
    usual, denser = now - timedelta(hours=1), now - timedelta(minutes=30)
    inspection = POLICY.format(at=f"{usual:%H:%M}")
    over, today = (
        GUARD.format(host=host, first=now.date() + from_ * DAY, last=now.date() + to * DAY, minute=f"{denser:%M}")
        for host, from_, to in (("app2", -9, -3), ("app1", -2, 2))
    )
    contract.write("policies/all.yaml", f"{inspection}---\n{over}---\n{today}")
    contract.commit()
    contract.good("apply", "--yes")
    assert waits(two_releases)
    assert runs(two_releases) == before
    wanted = {"app1": denser + timedelta(hours=1), "app2": usual + DAY}
    for host, at in wanted.items():
        found = root(two_releases, host, f"TZ=Asia/Shanghai systemctl show --value -p NextElapseUSecRealtime {TIMER}")
        assert f"{at:%Y-%m-%d %H:%M:00}" in found
    contract.good("verify")
    schedule(contract, ago(hours=1))
    contract.good("apply", "--yes")


def test_a_stamp_that_would_lose_or_repeat_a_run_is_found_and_set_right(two_releases: Lab, contract: Contract) -> None:
    before = runs(two_releases)
    root(two_releases, "app1", f"touch -d 'now + 2 days' {STAMP}")
    root(two_releases, "app2", f"rm {STAMP}")
    said = contract.run("verify")
    assert said.code == 1
    assert "its stamp lies in the future" in said.out
    assert "has no stamp" in said.out
    contract.good("apply", "--yes")
    contract.good("verify")
    assert waits(two_releases)
    assert runs(two_releases) == before


def test_what_was_missed_while_a_host_was_off_is_caught_up_on(two_releases: Lab, contract: Contract) -> None:
    before = runs(two_releases)
    for host in HOSTS:
        root(two_releases, host, f"systemctl stop {TIMER} && touch -d '2 hours ago' {STAMP}")
        two_releases.stop(host)  # as if it had been off since then: the run of an hour ago is missed
        two_releases.start(host)
    contract.good("apply", "--yes")
    until(lambda: runs(two_releases) == [count + 1 for count in before])
    contract.good("verify")  # a timer that elapsed has a stamp that is right
