"""Obligations that stand alike are shown together, and what is said of them holds for each."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.errors import Place
from opspact.evidence.assessment import Judged
from opspact.model.origin import Origin
from opspact.obligations.evidence import Evidence, Observation, Outcome
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import JobSource, Obligation, Proof, State, Within
from opspact.report.lines import plain
from opspact.report.obligations import group_lines, grouped

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ORIGIN = Origin("backup/nightly", Place("policies/a.yaml", 1))


def copy_of(host: str, age: timedelta | None) -> Judged:
    """A copy of so many hours; None: there is none, nine days after the policy was applied."""
    due, source = Within(26 * HOUR, State.FAILED, "26h"), JobSource("backup/nightly", host, of_copy=True)
    owed = Obligation(ORIGIN, f"host/{host}", "copy", Proof.RESULT, due=due, source=source)
    seen = None if age is None else Observation(NOW - age, NOW - age, Outcome.DONE, f"nightly-{host}")
    return Judged(owed, judge(owed, Evidence(NOW - 9 * DAY, seen, seen), NOW))


def test_copies_of_many_ages_are_one_group_that_shows_the_oldest() -> None:
    (group,) = grouped([copy_of("app1", 3 * DAY), copy_of("app2", 40 * DAY), copy_of("app3", 4 * DAY)])
    text = plain(group_lines(group, ZoneInfo("UTC")))
    assert "host/app1, host/app2" in text
    assert "40 days old, 26h allowed (host/app2)" in text
    assert "newest evidence 2026-01-21T04:00+00:00 or later" in text


def test_what_is_kept_by_copies_of_many_names_is_one_group() -> None:
    (group,) = grouped([copy_of("app1", 2 * HOUR), copy_of("app2", 3 * HOUR)])
    assert [each.state for each in group] == [State.KEPT, State.KEPT]
    assert "nightly-app2 (host/app2)" in plain(group_lines(group, ZoneInfo("UTC")))


def test_what_has_evidence_and_what_has_none_are_two_groups() -> None:
    groups = grouped([copy_of("app1", 3 * DAY), copy_of("app2", None), copy_of("app3", 5 * DAY)])
    assert [[each.obligation.subject for each in group] for group in groups] == [
        ["host/app1", "host/app3"],
        ["host/app2"],
    ]


def test_a_mark_or_a_reason_of_its_own_makes_a_group_of_its_own() -> None:
    late = Judgement(State.LATE, "no run since it was due", since=NOW, due=NOW - HOUR, at=NOW - DAY)
    owed = copy_of("app1", HOUR).obligation
    them = [late, Judgement(State.LATE, "other", at=NOW), late]
    outdated = Judgement(State.LATE, late.reason, since=NOW, due=NOW - HOUR, at=NOW - DAY, is_outdated=True)
    groups = grouped(Judged(owed, each) for each in [*them, outdated])
    assert [len(group) for group in groups] == [2, 1, 1]
    said = [plain(group_lines(group, ZoneInfo("UTC"))) for group in groups]
    assert [("older than the current policy text" in text) for text in said] == [False, False, True]


def test_a_reason_that_is_a_sentence_loses_its_full_stop_where_more_follows() -> None:
    owed = [copy_of(host, HOUR).obligation for host in ("app1", "app2")]
    judged = [
        Judged(owed[0], Judgement(State.KEPT, "nightly-app1 is there.", at=NOW)),
        Judged(owed[1], Judgement(State.KEPT, "nightly-app2 is there.", at=NOW)),
    ]
    for group in ([judged[0]], judged):
        text = plain(group_lines(tuple(group), ZoneInfo("UTC")))
        assert "nightly-app1 is there" in text
        assert "there.;" not in text
        assert "there. (" not in text
    assert "nightly-app1 is there (host/app1); evidence" in text
