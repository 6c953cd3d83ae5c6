"""What a backup server that found damage says of copies: those from before stay failed, whatever was repaired since."""

from datetime import timedelta

from recorded import NOW, History, one

from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def repository(verdict: Verdict, problem: str, **facts: object) -> Item:
    """What a server's job says of app1's repository."""
    given = {"client": "app1", "repository": "daily", "problem": problem, **facts}
    return Item(item="repository", subject="app1/daily", verdict=verdict, message=problem or "late", facts=given)


def test_a_copy_from_before_damage_stays_failed_after_the_repair_until_there_is_a_newer_one(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 5 * HOUR, copy=NOW - 5 * HOUR)  # its copy is daily-1
    found = repository(Verdict.CRITICAL, "damaged")
    history.result("check/nightly", "backup1", NOW - 4 * HOUR, outcome=Outcome.FAILED, items=(found,))
    assert one(history, "backup/nightly", "copy").judgement.reason == "damaged"
    facts = {"suspect": ["daily-0", "daily-1"], "damaged_at": "2026-03-02T00:00:00Z"}
    repaired = repository(Verdict.CRITICAL, "", copies={"nightly": None}, **facts)
    history.result("check/nightly", "backup1", NOW - 3 * HOUR, verdict=Verdict.CRITICAL, items=(repaired,))
    judged = one(history, "backup/nightly", "copy")
    assert (judged.state, judged.judgement.reason) == (
        State.FAILED,
        "daily-1 is unreliable: damage was found in repository app1/daily at 2026-03-02T00:00:00Z",
    )
    history.result("backup/nightly", "app1", NOW - HOUR, copy=NOW - HOUR)  # daily-2, made since
    assert one(history, "backup/nightly", "copy").state is State.KEPT
    newer = repository(Verdict.OK, "", copies={"nightly": {"name": "daily-2"}}, **facts)
    history.result("check/nightly", "backup1", NOW - HOUR / 2, items=(newer,))
    assert one(history, "backup/nightly", "copy").state is State.KEPT
