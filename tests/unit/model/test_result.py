"""What a host's spooled bytes become: a result, or a damaged one that proves nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.model.result import Collected, Outcome, Result, Spooled, Verdict, parse_result
from opspact.model.time.host_clock import HostClock

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WHERE = Spooled(job="backup/daily", host="db1", spool="0123456789ab", sequence=7)


def envelope(**changed: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "schema": "opspact/result",
        "version": 1,
        "spool": "0123456789ab",
        "job": "backup/daily",
        "sequence": 7,
        "started": "2026-11-23T07:30:00Z",
        "ended": "2026-11-23T07:31:30Z",
        "outcome": "done",
        "verdict": "ok",
        "message": "Backed up.",
        "items": [],
        "lost": 0,
    }
    return {name: value for name, value in (whole | changed).items() if value != "left out"}


def parsed(**changed: object) -> Result:
    return parse_result(json.dumps(envelope(**changed)).encode(), WHERE, collected=Collected(NOW))


def test_a_whole_result_has_its_times_items_copy_and_facts() -> None:
    item = {"item": "disk", "subject": "/srv", "verdict": "critical", "message": "full", "value": 97.5}
    copy = {"name": "daily-20261123T073000Z", "id": "5f1e", "started": "2026-11-23T07:30:00Z"}
    result = parsed(items=[item], copy=copy, lost=2, verdict="critical", seconds=91.5, left_out=["/dev/x"])
    assert (result.job, result.host, result.spool, result.sequence) == ("backup/daily", "db1", "0123456789ab", 7)
    assert (result.started, result.ended) == (NOW - timedelta(minutes=30), NOW - timedelta(minutes=28, seconds=30))
    assert (result.outcome, result.verdict, result.lost) == (Outcome.DONE, Verdict.CRITICAL, 2)
    (seen,) = result.items
    assert (seen.item, seen.subject, seen.verdict, seen.facts) == ("disk", "/srv", Verdict.CRITICAL, {"value": 97.5})
    assert result.copy
    assert (result.copy.name, result.copy.started) == ("daily-20261123T073000Z", result.started)
    assert result.facts == {"seconds": 91.5, "left_out": ["/dev/x"]}
    assert (result.seconds, result.subject) == (91.5, "job/backup/daily/host/db1")
    assert not result.damaged


def test_a_repository_without_copies_is_not_one_that_could_not_be_asked() -> None:
    assert (parsed(copy=None).copy, parsed(copy=None).has_no_copy) == (None, True)
    assert (parsed().copy, parsed().has_no_copy) == (None, False)


def test_a_run_whose_program_died_has_no_end() -> None:
    result = parsed(outcome="failed", verdict="unknown", ended=None, died=True)
    assert (result.ended, result.died, result.damaged, result.verdict) == (None, True, "", Verdict.UNKNOWN)
    assert result.seconds is None
    assert parsed(ended=None).damaged


@pytest.mark.parametrize(
    ("outcome", "verdict", "is_good"),
    [
        ("done", "ok", True),
        ("done", "warning", True),
        ("skipped", "warning", True),
        ("done", "critical", False),
        ("done", "unknown", False),
        ("failed", "ok", False),
    ],
)
def test_a_result_is_good_when_the_work_was_done_and_nothing_worse_than_a_warning_seen(
    outcome: str, verdict: str, *, is_good: bool
) -> None:
    assert parsed(outcome=outcome, verdict=verdict).is_good is is_good


@pytest.mark.parametrize("field", [name for name in envelope() if name != "seconds"])
@pytest.mark.parametrize("value", ["left out", None, [], {}, "", "nonsense", -1, True, 1.5, 2**70, "\ud800"])
def test_a_field_that_is_not_what_it_must_be_damages_the_result(field: str, value: object) -> None:
    if (field == "items" and value == []) or (field == "message" and value in ("", "nonsense")):
        return
    result = parsed(**{field: value})
    assert (result.damaged != "", result.outcome, result.verdict) == (True, Outcome.FAILED, Verdict.UNKNOWN)
    assert (result.started, result.ended, result.items, result.is_good) == (None, None, (), False)
    assert (result.job, result.host, result.spool, result.sequence) == ("backup/daily", "db1", "0123456789ab", 7)


@pytest.mark.parametrize(
    "changed",
    [
        {"ended": "2026-11-23T07:29:59Z"},
        {"ended": "2026-11-23T09:00:01Z"},
        {"started": "1970-01-01T00:00:00Z"},
        {"started": "2026-11-23T15:30:00+08:00"},
        {"started": "2026-11-23T07:30:00"},
        {"started": "2026-11-31T07:30:00Z"},
        {"started": "20261123T073000Z"},
        {"copy": {"name": "x", "started": "2030-01-01T00:00:00Z"}},
        {"copy": {"started": "2026-11-23T07:30:00Z"}},
        {"copy": "x"},
        {"items": ["x"]},
        {"items": [{"item": "disk"}]},
        {"items": [{"item": "disk", "verdict": "good", "message": ""}]},
        {"job": "backup/weekly"},
        {"spool": "aaaaaaaaaaaa"},
        {"sequence": 8},
        {"version": 2},
        {"died": "yes"},
    ],
)
def test_times_places_and_parts_that_cannot_be_damage_the_result(changed: dict[str, object]) -> None:
    assert parsed(**changed).damaged


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a": ' * 50 + b"1" + b"}" * 50,
        json.dumps(envelope(seconds=0)).replace(": 0}", ": 1e999}").encode(),
        json.dumps(envelope()).encode()[:-40],
        json.dumps(envelope(x="\ud800")).encode(),
        json.dumps(envelope(x=2**63)).encode(),
    ],
)
def test_bytes_that_are_no_result_become_a_damaged_one(data: bytes) -> None:
    result = parse_result(data, WHERE, collected=Collected(NOW))
    assert (result.damaged != "", result.verdict) == (True, Verdict.UNKNOWN)


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    assert parse_result(data, WHERE, collected=Collected(NOW)).damaged


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_result_with_some_bytes_replaced_is_a_result_or_damaged(at: int, put: bytes) -> None:
    whole = json.dumps(envelope()).encode()
    result = parse_result(whole[:at] + put + whole[at + len(put) :], WHERE, collected=Collected(NOW))
    assert bool(result.damaged) is (result.ended is None)


@pytest.mark.parametrize("days", [-71, 71])
def test_the_times_of_a_host_whose_clock_is_off_are_ours(days: int) -> None:
    off = timedelta(days=days)
    written = {
        name: f"{at + off:%Y-%m-%dT%H:%M:%SZ}"
        for name, at in (("started", NOW - timedelta(minutes=2)), ("ended", NOW - timedelta(minutes=1)))
    }
    copy = {"name": "daily-1", "started": written["started"]}
    data = json.dumps(envelope(**written, copy=copy)).encode()
    clock = HostClock(int(off.total_seconds()))
    result = parse_result(data, WHERE, collected=Collected(NOW, clock))
    assert (result.started, result.ended) == (NOW - timedelta(minutes=2), NOW - timedelta(minutes=1))
    assert result.copy
    assert (result.copy.started, result.clock_ahead, result.damaged) == (result.started, clock.ahead, "")


def test_a_time_that_is_in_the_future_by_the_hosts_own_clock_is_damaged_whatever_that_clock_says() -> None:
    data = json.dumps(envelope(ended="2026-11-23T10:31:30Z")).encode()
    ahead, behind = HostClock(3600), HostClock(-3600)
    assert not parse_result(data, WHERE, collected=Collected(NOW + timedelta(hours=1), ahead)).damaged
    assert parse_result(data, WHERE, collected=Collected(NOW, behind)).damaged
