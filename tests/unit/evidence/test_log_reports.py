"""Reports of log reviews: what is usual is learnt and frozen, what is strange stays open until somebody read it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from ledgers import context
from recorded import CLAUSE, History, assessed, one

from opspact.compile.build import build
from opspact.errors import AlreadyRecorded, NothingFound, Refused
from opspact.evidence.log_baseline import due_baselines, extended, new_uses, uses
from opspact.evidence.log_reports import MOST_REPORTS, LogReports
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.review_request import ReviewRecord, ReviewRequest, requested_review
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.review_events import KnownAccount, LogBaseline, LogsReviewed
from opspact.ledger.store import open_ledger
from opspact.model.contract_jobs import log_review_job
from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve
from opspact.structs import replace

DAY = timedelta(days=1)
BEGIN = datetime(2026, 2, 1, 22, 0, tzinfo=UTC)  # 06:00 in Shanghai
JOB, READING = "log_review/daily", "reading of the report"
POLICIES = (
    CLAUSE.format("D1"),
    (
        "kind: log_review\nname: daily\nclauses: [D1]\nhosts: web\nschedule: daily at 06:00\nsources: [logins]\n"
        "baseline: {learn: 7 days}\nread_by: operations\n"
    ),
    "kind: person\nname: wang-fang\nteams: [operations]\naccount: wangf\nfrom: 2026-01-01\n",
    "kind: team\nname: sales\n",
    "kind: person\nname: li-na\nteams: [sales]\nfrom: 2026-01-01\n",
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        made = History(ledger, contract, build(contract, day=date(2026, 3, 2)))
        made.applied(BEGIN - DAY / 4)
        yield made


def account(name: str, at: datetime, *networks: str, keys: tuple[str, ...] = ()) -> Item:
    """Return the item of an account that was used, as hosts leave it."""
    text = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    facts = {"first": text, "networks": dict.fromkeys(networks, text), "keys": dict.fromkeys(keys, text)}
    return Item(item="account", subject=name, verdict=Verdict.OK, message="used", facts=facts)


def strange(kind: str, subject: str, verdict: Verdict = Verdict.WARNING) -> Item:
    return Item(item=kind, subject=subject, verdict=verdict, message=f"{kind} of {subject}")


def reviewed(history: History, day: int, *items: Item, host: str = "app1", outcome: Outcome = Outcome.DONE) -> None:
    """Record the result of a review some days after the first, and what that makes usual, as `collect` does."""
    at = BEGIN + day * DAY
    history.result(JOB, host, at, items=items, outcome=outcome)
    due = list(due_baselines(history.contract, history.ledger))
    history.ledger.record_all(due, context=context(at + DAY / 24, contract=history.contract.name), skip_recorded=True)


def baselines(history: History) -> dict[str, LogBaseline]:
    found = RecordedEvents(history.contract.name, history.ledger).baselines
    return {each.event.host: each.event for each in found.values()}


def opened(history: History, host: str = "app1") -> dict[str, str]:
    """Return what is open on a host: names and messages."""
    reports = LogReports(history.contract, RecordedEvents(history.contract.name, history.ledger))
    return {one.name: one.message for one in reports.of(JOB, host).anomalies}


def read(
    history: History,
    day: int,
    *accepted: str,
    hosts: tuple[str, ...] = ("app1", "app2"),
    person: str = "wang-fang",
    note: str = "read",
) -> ReviewRecord:
    """Record that somebody reads the reports some days after the first."""
    reports = LogReports(history.contract, RecordedEvents(history.contract.name, history.ledger))
    (policy,) = history.contract.log_reviews
    request = ReviewRequest(log_review_job(policy), hosts, person, note, accepted)
    at = BEGIN + day * DAY + DAY / 8
    found = requested_review(history.contract, reports, request, today=(at + DAY / 3).date())
    history.ledger.record_all(found.events, context=context(at, contract=history.contract.name))
    return found


def identity(history: History, name: str) -> str:
    reports = LogReports(history.contract, RecordedEvents(history.contract.name, history.ledger))
    return next(one.id for one in reports.of(JOB, "app1").anomalies if one.name == name)


def learn(history: History) -> None:
    """Let a week pass in which ops logs in from one network with one key, and root is used without a login."""
    for day in range(8):
        ops = account("ops", BEGIN + day * DAY - DAY / 2, "192.0.2.0/24", keys=("SHA256:one",))
        reviewed(history, day, ops, account("root", BEGIN + day * DAY))


def test_what_is_usual_is_recorded_once_when_the_time_of_learning_is_over(history: History) -> None:
    for day in range(7):
        reviewed(history, day, account("ops", BEGIN + day * DAY, f"192.0.{day}.0/24"))
    assert baselines(history) == {}
    reviewed(history, 7, account("li", BEGIN + 7 * DAY - DAY / 2), account("later", BEGIN + 7 * DAY + DAY / 9999))
    found = baselines(history)
    assert (found["app1"].edition, found["app1"].since, found["app1"].until) == (1, BEGIN, BEGIN + 7 * DAY)
    networks = tuple(f"192.0.{day}.0/24" for day in range(7))
    assert found["app1"].accounts == (KnownAccount("li"), KnownAccount("ops", networks))
    reviewed(history, 8, account("new", BEGIN + 8 * DAY))
    assert baselines(history) == found
    assert list(opened(history)) == ["new user later", "new user new"]


def test_a_host_that_was_off_for_weeks_learnt_only_what_lies_in_the_time_of_learning(history: History) -> None:
    reviewed(history, 0)
    late = account("ops", BEGIN + 3 * DAY, "192.0.2.0/24")
    late.facts["networks"]["198.51.100.0/24"] = f"{BEGIN + 20 * DAY:%Y-%m-%dT%H:%M:%SZ}"  # type: ignore[index]
    reviewed(history, 29, late)
    assert baselines(history)["app1"].accounts == (KnownAccount("ops", ("192.0.2.0/24",)),)
    assert list(opened(history)) == ["new network ops 198.51.100.0/24"]


def test_runs_that_failed_teach_nothing_and_each_host_learns_for_itself(history: History) -> None:
    reviewed(history, 0, account("ops", BEGIN), outcome=Outcome.FAILED)
    reviewed(history, 6)
    reviewed(history, 8)
    assert baselines(history) == {}
    reviewed(history, 13, host="app2")
    reviewed(history, 13)
    assert {host: each.since for host, each in baselines(history).items()} == {"app1": BEGIN + 6 * DAY}


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (account("ops", BEGIN + 8 * DAY, "192.0.2.0/24", keys=("SHA256:one",)), set()),
        (account("root", BEGIN + 8 * DAY), set()),
        (account("ops", BEGIN + 8 * DAY, "192.0.9.0/24"), {"new network ops 192.0.9.0/24"}),
        (account("root", BEGIN + 8 * DAY, "192.0.2.0/24"), {"new network root 192.0.2.0/24"}),
        (account("ops", BEGIN + 8 * DAY, keys=("SHA256:two",)), {"new key ops SHA256:two"}),
        (account("li", BEGIN + 8 * DAY, "192.0.2.0/24", keys=("SHA256:one",)), {"new user li"}),
    ],
    ids=["known", "known without a login", "network", "network of another", "key", "user"],
)
def test_what_is_new_by_the_baseline_is_open(history: History, seen: Item, found: set[str]) -> None:
    learn(history)
    reviewed(history, 8, seen)
    assert opened(history).keys() == found
    assert {each.item for each in assessed(history, BEGIN + 9 * DAY).findings} == found


def test_an_anomaly_stays_open_until_a_review_reaches_its_result(history: History) -> None:
    learn(history)
    reviewed(history, 8, strange("root login", "root"), strange("log gap", "1", Verdict.UNKNOWN))
    reviewed(history, 9, strange("root login", "root", Verdict.CRITICAL))
    reviewed(history, 10)
    assert list(opened(history)) == ["root login root", "log gap 1"]
    findings = assessed(history, BEGIN + 11 * DAY).findings
    assert [(each.item, each.verdict, each.at.day) for each in findings] == [
        ("root login root", Verdict.CRITICAL, 10),
        ("log gap 1", Verdict.UNKNOWN, 9),
    ]
    assert [one.name for _, one in read(history, 10).closed] == ["root login root", "log gap 1"]
    assert opened(history) == {}
    assert assessed(history, BEGIN + 11 * DAY).findings == ()
    reviewed(history, 11, strange("root login", "root"))
    assert list(opened(history)) == ["root login root"]


def test_only_a_review_changes_what_is_usual(history: History) -> None:
    learn(history)
    first = baselines(history)["app1"]
    ops = account("ops", BEGIN + 8 * DAY, "192.0.9.0/24", keys=("SHA256:two",))
    reviewed(history, 8, ops, account("li", BEGIN + 8 * DAY, "192.0.7.0/24", keys=("SHA256:li",)))
    taken = read(history, 8, identity(history, "new network ops 192.0.9.0/24"), identity(history, "new user li"))
    assert {one.name for _, one in taken.accepted} == {"new network ops 192.0.9.0/24", "new user li"}
    now = baselines(history)["app1"]
    assert (now.edition, now.since, now.until) == (2, first.since, first.until)
    assert now.accounts == (
        KnownAccount("li", ("192.0.7.0/24",), ("SHA256:li",)),
        KnownAccount("ops", ("192.0.2.0/24", "192.0.9.0/24"), ("SHA256:one",)),
        KnownAccount("root"),
    )
    reviewed(history, 9, ops, account("li", BEGIN + 9 * DAY, "192.0.7.0/24", "192.0.8.0/24"))
    assert opened(history).keys() == {"new key ops SHA256:two", "new network li 192.0.8.0/24"}
    with pytest.raises(AlreadyRecorded):
        history.record(extended(first, ()), BEGIN + 10 * DAY)  # of somebody who reads at the same time
    read(history, 9, "all")
    assert baselines(history)["app1"].edition == 3
    reviewed(history, 10, ops)
    assert opened(history) == {}


@pytest.mark.parametrize(
    ("person", "note", "accepted"),
    [
        ("nobody", "read", ()),
        ("li-na", "read", ()),
        ("wang-fang", " ", ()),
        ("wang-fang", "x" * 2001, ()),
        ("wang-fang", "read", ("0123456789ab",)),
        ("wang-fang", "read", ("root login root",)),
    ],
    ids=["unknown", "not the reader", "no note", "long note", "no such anomaly", "nothing usual"],
)
def test_what_cannot_be_recorded_is_refused(
    history: History, person: str, *, note: str, accepted: tuple[str, ...]
) -> None:
    learn(history)
    reviewed(history, 8, strange("root login", "root"))
    named = [identity(history, each) if " " in each else each for each in accepted]
    with pytest.raises(Refused):
        read(history, 8, *named, person=person, note=note)
    assert list(history.ledger.read(LogsReviewed, contract=history.contract.name)) == []


def test_nothing_is_waiting_where_nothing_was_collected_or_all_of_it_was_read(history: History) -> None:
    with pytest.raises(NothingFound):
        read(history, 0)
    reviewed(history, 0)
    read(history, 0, note="")
    with pytest.raises(NothingFound):
        read(history, 1)


def reading(history: History, day: float) -> State:
    return one(history, JOB, READING, subject=JOB, now=BEGIN + day * DAY).state


def test_reading_is_kept_by_who_reads_the_newest_reports_of_all_hosts(history: History) -> None:
    assert reading(history, 0) is State.NOT_DUE
    for host in ("app1", "app2"):
        reviewed(history, 0, host=host)
    assert read(history, 0, hosts=("app1",)).is_read is False
    assert reading(history, 0.9) is State.NOT_DUE
    assert reading(history, 1.1) is State.LATE
    assert read(history, 0, hosts=("app2",)).is_read
    assert reading(history, 1.1) is State.KEPT
    assert reading(history, 2.1) is State.LATE


def test_who_reads_an_old_report_has_not_read_todays(history: History) -> None:
    for host in ("app1", "app2"):
        reviewed(history, 0, host=host)
    read(history, 5)
    (record,) = history.ledger.read(PersonRecorded, contract=history.contract.name)
    assert (record.event.person, record.event.day, record.event.what) == ("wang-fang", date(2026, 2, 2), READING)
    assert reading(history, 5.2) is State.LATE


def test_more_reports_than_are_read_at_once_are_said_to_be_there(history: History) -> None:
    reviewed(history, 0, strange("root login", "root"))
    for day in range(1, MOST_REPORTS + 1):
        reviewed(history, day)
    assert list(opened(history)) == ["not reviewed"]
    read(history, MOST_REPORTS)
    assert opened(history) == {}


def test_uses_are_by_our_clock(history: History) -> None:
    history.result(JOB, "app1", BEGIN, items=(account("ops", BEGIN, "192.0.2.0/24"),))
    (taken,) = RecordedEvents(history.contract.name, history.ledger).results.values()
    assert {use.at for use in uses(taken.event.result)} == {BEGIN}
    assert {use.at for use in uses(replace(taken.event.result, clock_ahead=60))} == {BEGIN - timedelta(minutes=1)}


@pytest.mark.parametrize(
    "facts",
    [
        {"first": 7},
        {"first": "yesterday"},
        {"networks": {"192.0.2.0/24": "2026-02-09T22:00:00Z"}},
        {"first": "2026-02-01T22:00:00Z", "networks": ["192.0.2.0/24"], "keys": {"k": 7, "x" * 201: "yesterday"}},
    ],
)
def test_what_a_host_makes_up_is_no_use(history: History, facts: dict[str, object]) -> None:
    learn(history)
    made_up = Item(item="account", subject="ops", verdict=Verdict.OK, facts=facts)
    forged = Item(item="new user", subject="li", verdict=Verdict.WARNING, facts={"account": "li", "networks": []})
    reviewed(history, 8, made_up, forged)
    assert list(opened(history)) == ["new user li"]
    with pytest.raises(Refused):
        read(history, 8, identity(history, "new user li"))


def test_what_is_new_has_one_identity_wherever_it_is_seen(history: History) -> None:
    learn(history)
    for day in (8, 9):
        reviewed(history, day, account("li", BEGIN + day * DAY, f"192.0.{day}.0/24"))
    reports = LogReports(history.contract, RecordedEvents(history.contract.name, history.ledger))
    (anomaly,) = reports.of(JOB, "app1").anomalies
    assert (anomaly.count, anomaly.known) == (2, KnownAccount("li", ("192.0.8.0/24", "192.0.9.0/24")))
    result = next(iter(reports.on(JOB, "app1", (BEGIN + 9 * DAY + DAY / 3).date())))
    assert [new.item.facts["id"] for new in new_uses(result, baselines(history)["app1"])] == [anomaly.id]
