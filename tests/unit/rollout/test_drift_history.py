"""Since when a step differs, and how often before; random checks against a plain oracle."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from opspact.ledger.apply_events import CheckSource, HostChecked, PolicyChecks
from opspact.ledger.events import Recorded
from opspact.rollout.drift_history import DriftPeriod, drift_periods
from opspact.steps.check import Reach

_START = datetime(2026, 11, 1, tzinfo=UTC)
_STEP, _POLICY = "file /etc/motd", "service/web"


def _check(place: int, state: str, text: str = "1") -> Recorded[HostChecked]:
    """Return the check of an hour: ok, failed, unknown, or the step was not checked (`down`, `other`)."""
    event = HostChecked(
        "web1",
        CheckSource.VERIFY,
        "c" * 64,
        reach=Reach.DOWN if state == "down" else Reach.REACHED,
        not_ok={_STEP: f"{state}: differs"} if state in {"failed", "unknown"} else {},
        policies={} if state == "other" else {_POLICY: PolicyChecks(digest=text)},
    )
    return Recorded(
        sequence=place + 1,
        at=_START + timedelta(hours=place),
        actor="ops",
        contract="tiny",
        commit="",
        plan_digest="",
        hash="",
        event=event,
    )


def _began(checks: list[Recorded[HostChecked]]) -> list[tuple[datetime, datetime | None]]:
    return [(it.began, it.ended) for it in drift_periods(checks, _STEP, {_POLICY})]


def test_a_difference_has_the_time_of_the_first_check_that_found_it() -> None:
    checks = [_check(place, state) for place, state in enumerate(["ok", "failed", "failed"])]

    assert drift_periods(checks, _STEP, {_POLICY}) == (DriftPeriod(checks[1].at, None, is_drift=True),)


def test_a_difference_that_was_gone_begins_again() -> None:
    checks = [_check(place, state) for place, state in enumerate(["ok", "failed", "ok", "failed"])]

    assert _began(checks) == [(checks[1].at, checks[2].at), (checks[3].at, None)]


@pytest.mark.parametrize("nothing", ["unknown", "down", "other"])
def test_a_check_that_was_not_made_ends_no_spell_and_begins_none(nothing: str) -> None:
    checks = [_check(place, state) for place, state in enumerate([nothing, "ok", "failed", nothing, "failed", nothing])]

    assert _began(checks) == [(checks[2].at, None)]


def test_what_a_new_text_of_its_policy_made_different_was_no_drift() -> None:
    checks = [_check(0, "ok"), _check(1, "failed", "2"), _check(2, "ok", "2"), _check(3, "failed", "2")]

    assert [it.is_drift for it in drift_periods(checks, _STEP, {_POLICY})] == [False, True]


def test_what_was_never_seen_ok_may_never_have_been_applied() -> None:
    assert [it.is_drift for it in drift_periods([_check(0, "failed")], _STEP, {_POLICY})] == [False]


@pytest.mark.parametrize("seed", range(50))
def test_spells_of_random_checks_are_those_of_a_plain_oracle(seed: int) -> None:
    random = Random(seed)
    states = random.choices(["ok", "failed", "unknown", "down", "other"], [4, 4, 1, 1, 1], k=random.randrange(60))
    checks = [_check(place, state) for place, state in enumerate(states)]

    known = [it for it, state in zip(checks, states, strict=True) if state in {"ok", "failed"}]
    is_bad = [bool(it.event.not_ok) for it in known]
    starts = [n for n, bad in enumerate(is_bad) if bad and (n == 0 or not is_bad[n - 1])]
    ends = [next((m for m in range(n, len(known)) if not is_bad[m]), None) for n in starts]
    oracle = [(known[n].at, None if m is None else known[m].at) for n, m in zip(starts, ends, strict=True)]

    assert _began(checks) == oracle
