"""What the contract finds strange in the review of a host's logs: logins outside the hours of its calendar."""

from datetime import UTC, datetime

import pytest
from building import tree

from opspact.evidence.log_anomalies import with_anomalies
from opspact.model.contract import Contract
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.resolve.contract import resolve
from opspact.structs import replace

CALENDAR = """\
kind: calendar
name: desk
zone: Asia/Shanghai
week: {mon-fri: "09:00-18:00"}
holidays: {country: CN, known_through: 2026-12-31}
"""
REVIEW = """\
kind: log_review
name: {}
hosts: app1
schedule: daily at 06:00
sources: [logins]
off_hours: {{calendar: {}}}
"""
WEDNESDAY_NOON, WEDNESDAY_NIGHT, SATURDAY = "2026-03-04T04:00:00Z", "2026-03-04T15:00:00Z", "2026-03-07T04:00:00Z"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return resolve(tree(CALENDAR, REVIEW.format("daily", "desk"), REVIEW.format("open", "always")))


def result(logins: object, *, job: str = "log_review/daily") -> Result:
    at = datetime(2026, 3, 8, tzinfo=UTC)
    item = Item(item="account", subject="ops", verdict=Verdict.OK, facts={"logins": logins})
    return Result(
        job=job,
        host="app1",
        spool="a",
        sequence=1,
        started=at,
        ended=at,
        outcome=Outcome.DONE,
        verdict=Verdict.OK,
        items=(item,),
    )


@pytest.mark.parametrize(
    ("logins", "count"),
    [
        ([[WEDNESDAY_NOON, "192.0.2.1", "publickey"]], 0),
        ([[WEDNESDAY_NIGHT, "192.0.2.1", "publickey"]], 1),
        ([[SATURDAY, "192.0.2.1", "publickey"], [WEDNESDAY_NOON, "192.0.2.1", "x"]], 1),
        ([[SATURDAY, "192.0.2.1", "publickey"]] * 7, 7),
    ],
)
def test_logins_outside_of_the_calendars_hours_are_found(contract: Contract, logins: object, *, count: int) -> None:
    seen = result(logins)
    found = with_anomalies(seen, contract, None).items[1:]
    assert [(each.item, each.subject, each.verdict) for each in found] == (
        [("off-hours login", "ops", Verdict.WARNING)] if count else []
    )
    assert [each.facts["count"] for each in found] == [count] * bool(count)


def test_logins_that_are_not_listed_are_compared_with_the_hours_too(contract: Contract) -> None:
    seen = result([[WEDNESDAY_NOON, "192.0.2.1", "publickey"]])
    facts = {
        **seen.items[0].facts,
        "unlisted": {WEDNESDAY_NOON: 4, WEDNESDAY_NIGHT: 3, SATURDAY: 2},
        "counts": {"logins": 12},
    }
    found = with_anomalies(replace(seen, items=(replace(seen.items[0], facts=facts),)), contract, None).items[1:]
    assert [(each.verdict, each.facts.get("count")) for each in found] == [
        (Verdict.UNKNOWN, None),
        (Verdict.WARNING, 5),
    ]
    assert "2 more logins of ops" in found[0].message


def test_the_hours_are_those_of_our_clock(contract: Contract) -> None:
    seen = result([[WEDNESDAY_NOON, "192.0.2.1", "publickey"]])
    assert [each.item for each in with_anomalies(replace(seen, clock_ahead=-12 * 3600), contract, None).items] == [
        "account",
        "off-hours login",
    ]


def test_where_the_calendar_is_not_known_yet_it_is_unknown_whether_a_login_is_off_hours(contract: Contract) -> None:
    (found,) = with_anomalies(result([["2027-06-02T04:00:00Z", "192.0.2.1", "publickey"]]), contract, None).items[1:]
    assert (found.item, found.verdict) == ("off-hours login", Verdict.UNKNOWN)


@pytest.mark.parametrize("job", ["log_review/open", "log_review/none", "inspection/daily"])
def test_other_results_are_left_as_they_are(contract: Contract, job: str) -> None:
    seen = result([[SATURDAY, "192.0.2.1", "publickey"]], job=job)
    assert with_anomalies(seen, contract, None) is seen


@pytest.mark.parametrize("logins", [None, 7, "x", [7, {}], [["yesterday", "192.0.2.1"]], [[SATURDAY]], [[7, 7, 7]]])
def test_what_a_host_makes_up_is_no_login(contract: Contract, logins: object) -> None:
    seen = result(logins)
    assert with_anomalies(seen, contract, None) is seen
