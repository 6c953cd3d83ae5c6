"""The screen of `status`: what it shows of many obligations, and how many it says it leaves out."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.errors import Place
from opspact.evidence.assessment import Assessment, Judged
from opspact.model.origin import Origin
from opspact.obligations.judge import Judgement
from opspact.obligations.obligation import Obligation, Proof, State
from opspact.report.lines import plain
from opspact.report.status import due_soon, status_lines

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def judged(state: State, policy: int, host: int) -> Judged:
    origin = Origin(f"service/s{policy}", Place("policies/a.yaml", 1))
    owed = Obligation(origin, f"host/app{host}", "check", Proof.CHECK, due=None, source=None)
    return Judged(owed, Judgement(state, next_due=NOW))


def test_what_is_left_out_is_counted_as_the_heading_counts() -> None:
    """Ten policies on three hosts: thirty obligations, three to a line."""
    them = tuple(judged(State.FAILED, policy, host) for policy in range(10) for host in range(3))
    screen = plain(status_lines(Assessment(NOW, them, (), (), {}), "office", ZoneInfo("UTC")))

    assert [int(number) for number in re.findall(r"\((\d+)\)$", screen, re.MULTILINE)] == [30, 30]
    shown = len(re.findall(r"^  service/", screen, re.MULTILINE))
    due = len(re.findall(r"^  2026-\S+  service/", screen, re.MULTILINE))
    left = [int(number) for number in re.findall(r"and (\d+) more", screen)]
    assert left == [30 - 3 * shown, 30 - 3 * due]
    assert min(left) > 0


def test_what_is_late_within_a_day_unless_it_is_done_is_due_soon() -> None:
    kept, hour = judged(State.KEPT, 1, 1).obligation, timedelta(hours=1)
    within_tolerance = Judgement(
        State.KEPT, due=NOW - 2 * hour, deadline=NOW + 4 * hour, next_due=NOW + timedelta(days=7)
    )
    is_due = Judgement(State.KEPT, due=NOW + hour, deadline=NOW + 30 * hour, next_due=NOW + hour)
    not_soon = Judgement(State.KEPT, due=NOW + 25 * hour, deadline=NOW + 25 * hour, next_due=NOW + 25 * hour)
    them = tuple(Judged(kept, found) for found in (within_tolerance, not_soon, is_due))
    soon = due_soon(Assessment(NOW, them, (), (), {}))
    assert [each.judgement for each in soon] == [is_due, within_tolerance]
