"""What restore tests on the backup server prove of each host: by what they say of it, of one copy once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from recorded import NOW, History, one

from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FILES = 400


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def restored(verdict: Verdict, archive: str, /, *, ago: timedelta = HOUR, host: str = "app1", **facts: object) -> Item:
    """What a restore test says of the copy of a host, which was begun so long ago and compared as a whole."""
    known: dict[str, object] = {"client": host, "problem": "", "compared": FILES, "seed": ""}
    known["archive"] = {"id": archive, "name": f"nightly-{archive}", "started": stamp(NOW - ago)}
    known["manifest"] = {"sha256": archive, "files": FILES, "unchecked": 0}
    facts = known | facts
    return Item(item="restore", subject=f"host/{host}", verdict=verdict, message=f"{archive} {verdict}", facts=facts)


def drilled(history: History, ago: timedelta, *items: Item, **more: object) -> None:
    history.result("drill/nightly", "backup1", NOW - ago, items=items, **more)  # type: ignore[arg-type]  # some of them


def backed_up(history: History, ago: timedelta, archive: str, *, sha256: str | None = None) -> None:
    """Record a backup of app1, with the manifest that its restore tests are compared with (empty: none)."""
    manifest = {"sha256": archive if sha256 is None else sha256, "files": FILES, "made": stamp(NOW - ago)}
    facts: dict[str, Any] = {"archive": {"name": f"nightly-{archive}"}, "manifest": manifest if sha256 != "" else {}}
    history.result("backup/nightly", "app1", NOW - ago, facts=facts)


def state(history: History) -> State:
    return one(history, "backup/nightly", "restore test").state


def test_a_restore_test_of_the_server_is_judged_by_what_it_says_of_each_host(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    for archive in ("a1", "a3"):
        backed_up(history, HOUR, archive)
    drilled(history, 3 * DAY, restored(Verdict.CRITICAL, "a1", host="app9"))
    assert state(history) is State.UNKNOWN  # it says nothing of this host
    both = (restored(Verdict.OK, "a1"), restored(Verdict.CRITICAL, "b1", host="app9"))
    drilled(history, 2 * DAY, *both, outcome=Outcome.FAILED, verdict=Verdict.CRITICAL)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.reason) == (State.KEPT, "a1 ok")
    drilled(history, DAY, restored(Verdict.CRITICAL, "a2"), outcome=Outcome.FAILED, verdict=Verdict.CRITICAL)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.reason) == (State.FAILED, "a2 critical")
    drilled(history, HOUR, outcome=Outcome.FAILED, died=True)
    assert state(history) is State.FAILED  # a run that died clears nothing
    drilled(history, HOUR / 2, restored(Verdict.WARNING, "a3"))
    assert state(history) is State.KEPT


@pytest.mark.parametrize("between", [False, True])
def test_the_same_copy_restored_again_proves_nothing_new(history: History, *, between: bool) -> None:
    history.applied(NOW - 300 * DAY)
    made = {"a1": 61 * DAY, "a2": 31 * DAY, "b1": 10 * DAY, "a3": 2 * HOUR}
    for archive, ago in made.items():
        backed_up(history, ago, archive)
    runs = [(60, "a1"), (30, "a2"), (20, "a2"), *([(5, "b1")] if between else []), (1, "a2")]
    for days, archive in runs:  # with another copy between, which is gone by then
        drilled(history, days * DAY, restored(Verdict.OK, archive, ago=made[archive]))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.KEPT, NOW + DAY + timedelta(seconds=30))  # its clause: 31 days
    drilled(history, HOUR, restored(Verdict.OK, "a3", ago=made["a3"]))
    found = one(history, "backup/nightly", "restore test")
    assert found.judgement.due == NOW - HOUR + timedelta(seconds=30) + 31 * DAY


@pytest.mark.parametrize("problem", ["busy", "absent"])
def test_a_copy_that_could_not_be_got_at_was_not_tried(history: History, problem: str) -> None:
    history.applied(NOW - 30 * DAY)
    backed_up(history, 3 * DAY, "a1")
    drilled(history, DAY, restored(Verdict.UNKNOWN, "", problem=problem), outcome=Outcome.FAILED)
    assert state(history) is State.NOT_DUE
    drilled(history, 2 * DAY, restored(Verdict.OK, "a1", ago=3 * DAY))
    drilled(history, HOUR, restored(Verdict.UNKNOWN, "", problem=problem), outcome=Outcome.FAILED)
    assert state(history) is State.KEPT


def test_a_host_that_joins_a_backup_owes_a_restore_test_since_then(history: History) -> None:
    history.applied(NOW - 200 * DAY, hosts=("backup1",))
    drilled(history, 150 * DAY, restored(Verdict.OK, "a1"))  # of a host of that name, long ago
    history.applied(NOW - 10 * DAY, hosts=("app1", "app2", "backup1"))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.NOT_DUE, NOW - 10 * DAY + 92 * DAY)


UNPROVED: dict[str, tuple[str | None, dict[str, Any], str]] = {
    "the backup's own result is not recorded": ("missing", {}, "is not recorded"),
    "the backup recorded no manifest": ("", {}, "no file"),
    "another manifest": ("5a", {}, "another manifest"),
    "no manifest": (None, {"manifest": None}, "another manifest"),
    "nothing compared": (None, {"compared": 0}, "no file"),
    "compared is no number": (None, {"compared": "400"}, "no file"),
    "a sample without a seed": (None, {"compared": 59}, "drawn by nothing"),
    "a seed of another ledger": (None, {"compared": 59, "seed": f"1:{'ab' * 32}"}, "no event of this ledger"),
    "a seed of the future": (None, {"compared": 59, "seed": f"99:{'ab' * 32}"}, "no event of this ledger"),
    "no archive": (None, {"archive": "a1"}, "is not recorded"),
    "an archive without a time": (None, {"archive": {"id": "a1", "name": "nightly-a1"}}, "is not recorded"),
}


@pytest.mark.parametrize("what", UNPROVED)
def test_a_restore_test_that_compared_what_the_host_has_not_recorded_is_unknown(history: History, what: str) -> None:
    sha256, facts, words = UNPROVED[what]
    history.applied(NOW - 30 * DAY)
    if sha256 != "missing":
        backed_up(history, 2 * HOUR, "a1", sha256=sha256)
    drilled(history, HOUR, restored(Verdict.OK, "a1", ago=2 * HOUR, **facts))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, words in found.judgement.reason) == (State.UNKNOWN, True), found.judgement.reason


def test_a_sample_counts_if_an_event_of_the_ledger_has_drawn_it_that_is_newer_than_the_copy(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    before = history.ledger.head()
    backed_up(history, 2 * HOUR, "a1")
    after = history.ledger.head()
    for head, expected in ((before, State.UNKNOWN), (after, State.KEPT)):
        drilled(history, HOUR, restored(Verdict.OK, "a1", ago=2 * HOUR, compared=59, seed=str(head)))
        assert state(history) is expected
