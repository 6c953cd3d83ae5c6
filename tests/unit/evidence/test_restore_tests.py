"""What restore tests on the backup server prove of each host: by what they say of it, of one copy once."""

from datetime import timedelta

import pytest
from recorded import NOW, History, one

from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def restored(verdict: Verdict, archive: str, *, host: str = "app1", problem: str = "") -> Item:
    """What a restore test says of the copy of a host."""
    facts = {"client": host, "archive": {"id": archive, "name": f"nightly-{archive}"}, "problem": problem}
    return Item(item="restore", subject=f"host/{host}", verdict=verdict, message=f"{archive} {verdict}", facts=facts)


def drilled(history: History, ago: timedelta, *items: Item, **more: object) -> None:
    history.result("drill/nightly", "backup1", NOW - ago, items=items, **more)  # type: ignore[arg-type]  # some of them


def test_a_restore_test_of_the_server_is_judged_by_what_it_says_of_each_host(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    drilled(history, 3 * DAY, restored(Verdict.CRITICAL, "a1", host="app9"))
    assert one(history, "backup/nightly", "restore test").state is State.UNKNOWN  # it says nothing of this host
    both = (restored(Verdict.OK, "a1"), restored(Verdict.CRITICAL, "b1", host="app9"))
    drilled(history, 2 * DAY, *both, outcome=Outcome.FAILED, verdict=Verdict.CRITICAL)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.reason) == (State.KEPT, "a1 ok")
    drilled(history, DAY, restored(Verdict.CRITICAL, "a2"), outcome=Outcome.FAILED, verdict=Verdict.CRITICAL)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.reason) == (State.FAILED, "a2 critical")
    drilled(history, HOUR, outcome=Outcome.FAILED, died=True)
    assert one(history, "backup/nightly", "restore test").state is State.FAILED  # a run that died clears nothing
    drilled(history, HOUR / 2, restored(Verdict.WARNING, "a3"))
    assert one(history, "backup/nightly", "restore test").state is State.KEPT


def test_the_same_copy_restored_again_proves_nothing_new(history: History) -> None:
    history.applied(NOW - 300 * DAY)
    for ago, archive in ((60, "a1"), (30, "a2"), (20, "a2"), (1, "a2")):
        drilled(history, ago * DAY, restored(Verdict.OK, archive))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.KEPT, NOW + DAY + timedelta(seconds=30))  # its clause: 31 days
    drilled(history, HOUR, restored(Verdict.OK, "a3"))
    found = one(history, "backup/nightly", "restore test")
    assert found.judgement.due == NOW - HOUR + timedelta(seconds=30) + 31 * DAY


@pytest.mark.parametrize("problem", ["busy", "absent"])
def test_a_copy_that_could_not_be_got_at_was_not_tried(history: History, problem: str) -> None:
    history.applied(NOW - 30 * DAY)
    drilled(history, DAY, restored(Verdict.UNKNOWN, "", problem=problem), outcome=Outcome.FAILED)
    assert one(history, "backup/nightly", "restore test").state is State.NOT_DUE
    drilled(history, 2 * DAY, restored(Verdict.OK, "a1"))
    drilled(history, HOUR, restored(Verdict.UNKNOWN, "", problem=problem), outcome=Outcome.FAILED)
    assert one(history, "backup/nightly", "restore test").state is State.KEPT


def test_a_host_that_joins_a_backup_owes_a_restore_test_since_then(history: History) -> None:
    history.applied(NOW - 200 * DAY, hosts=("backup1",))
    drilled(history, 150 * DAY, restored(Verdict.OK, "a1"))  # of a host of that name, long ago
    history.applied(NOW - 10 * DAY, hosts=("app1", "app2", "backup1"))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.NOT_DUE, NOW - 10 * DAY + 92 * DAY)
