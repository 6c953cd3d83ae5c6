"""From clauses to evidence: what was recorded, of which hosts, of which policies, and how old it is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from ledgers import context

from opspact.compile.build import build
from opspact.errors import Refused
from opspact.evidence import tracer
from opspact.evidence.assessment import assess
from opspact.evidence.trace import StepTrace, TargetType, Trace, TraceTarget
from opspact.evidence.trace_query import find_target
from opspact.ledger.apply_events import CheckSource, HostChecked
from opspact.ledger.store import Ledger, open_ledger
from opspact.obligations.obligation import State as Standing
from opspact.resolve.contract import resolve
from opspact.steps.check import State
from opspact.workspace.workspace import Compiled

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLAUSE = "kind: clause\nname: {name}\nsection: '1'\ntext: {{en: Promise}}\nkept_by: opspact\nevidence_within: 2 days\n"
POLICIES = (
    CLAUSE.format(name="C1"),
    CLAUSE.format(name="D5"),
    CLAUSE.format(name="D9"),
    "kind: service\nname: web\nclauses: [C1]\nhosts: web\nowner: operations\npackages: [nginx]\n",
    "kind: inspection\nname: daily\nclauses: [C1, D5]\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n",
    "kind: service\nname: note\nhosts: web\nowner: operations\nfiles: [{path: /etc/motd, content: hello}]\n",
)


@pytest.fixture(scope="module")
def head() -> Compiled:
    contract = resolve(tree(*POLICIES))
    return Compiled({}, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def trace(head: Compiled, ledger: Ledger | None) -> Trace:
    return tracer.trace(head.contract, head.work, assess(head.contract, head.work, ledger, now=NOW))


def look(
    ledger: Ledger, head: Compiled, hosts: Mapping[str, Mapping[str, str]], *, ago: timedelta, digest: str = ""
) -> None:
    """Record what was seen of hosts: what is not ok there, by identity."""
    checks = [
        HostChecked(name, CheckSource.VERIFY, digest or head.contract.digest, planned=9, ok=9 - len(bad), not_ok=bad)
        for name, bad in hosts.items()
    ]
    ledger.record_all(checks, context=context(NOW - ago, contract=head.contract.name))


SEEN: Mapping[str, Mapping[str, str]] = {"app1": {}, "app2": {}}
HOUR = timedelta(hours=1)


def test_a_clause_has_its_policies_with_their_hosts_steps_and_obligations(head: Compiled) -> None:
    traced = next(each for each in trace(head, None).clauses if each.clause.name == "C1")
    assert [str(each.policy) for each in traced.policies] == ["inspection/daily", "service/web"]
    web = traced.policies[1]
    assert (web.hosts, web.steps) == (("app1", "app2"), {"package": 2})
    assert [(each.obligation.what, each.obligation.subject) for each in web.obligations] == [
        ("check", "host/app1"),
        ("check", "host/app2"),
    ]
    assert (traced.state, traced.newest_evidence) == (Standing.NOT_CARRIED_OUT, None)


def test_a_clause_without_a_policy_is_not_carried_out_and_policies_without_clauses_are_named(head: Compiled) -> None:
    found = trace(head, None)
    nobody = next(each for each in found.clauses if each.clause.name == "D9")
    assert (nobody.policies, nobody.state) == ((), Standing.NOT_CARRIED_OUT)
    assert [str(each.policy) for each in found.unclaimed] == ["service/note", "team/operations"]
    assert sum(found.count().values()) == len(found.clauses)


def target(head: Compiled, name: str) -> TraceTarget:
    return find_target(trace(head, None), head.work, name)


def steps(head: Compiled, ledger: Ledger | None, name: str) -> tuple[StepTrace, ...]:
    return tracer.trace_steps(head.contract, head.work, ledger, target=target(head, name))


def seen(head: Compiled, ledger: Ledger | None, name: str) -> list[tuple[str, str, State]]:
    return [(one.host, one.step.identity, one.state) for one in steps(head, ledger, name)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("C1", TargetType.CLAUSE),
        ("service/web", TargetType.POLICY),
        ("web", TargetType.POLICY),
        ("app1", TargetType.HOST),
        ("/etc/motd", TargetType.STEP),
        ("nginx", TargetType.STEP),
        ("package nginx", TargetType.STEP),
    ],
)
def test_a_name_is_taken_for_a_clause_a_policy_a_host_or_a_step(head: Compiled, name: str, kind: TargetType) -> None:
    assert target(head, name).type is kind


def test_a_policys_name_goes_before_a_host_and_a_host_before_a_step() -> None:
    policies = "kind: service\nname: app1\nclauses: [C1]\nhosts: web\nowner: operations\npackages: [app1, app2]\n"
    contract = resolve(tree(CLAUSE.format(name="C1"), policies))
    named = Compiled({}, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))

    assert target(named, "app1").type is TargetType.POLICY
    assert target(named, "app2").type is TargetType.HOST
    assert target(named, "package app2").type is TargetType.STEP


def test_a_name_of_two_policies_and_one_of_nobody_are_refused() -> None:
    twice = (
        CLAUSE.format(name="C1"),
        "kind: service\nname: web\nclauses: [C1]\nhosts: web\nowner: operations\npackages: [nginx]\n",
        "kind: inspection\nname: web\nclauses: [C1]\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n",
    )
    contract = resolve(tree(*twice))
    named = Compiled({}, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))

    with pytest.raises(Refused, match="2 policies are named") as both:
        target(named, "web")
    assert both.value.hint == "specify the kind: inspection/web, service/web"
    for wrong, near in (("service/we", "service/web"), ("app11", "app1"), ("ngixn", "nginx"), ("C11", "C1")):
        with pytest.raises(Refused, match="no clause, policy, host or step") as nobody:
            target(named, wrong)
        assert nobody.value.hint == f'did you mean "{near}"?'


def test_each_step_has_the_state_of_the_newest_look_at_its_host(head: Compiled, ledger: Ledger) -> None:
    nginx = "package nginx"
    assert seen(head, None, "service/web") == [("app1", nginx, State.UNKNOWN), ("app2", nginx, State.UNKNOWN)]
    look(ledger, head, SEEN, ago=3 * HOUR)
    look(ledger, head, {"app2": {nginx: "failed: is gone: why?"}}, ago=HOUR)

    good, bad = steps(head, ledger, nginx)
    assert good == StepTrace("app1", good.step, State.OK, "", NOW - 3 * HOUR)
    assert bad == StepTrace("app2", bad.step, State.FAILED, "is gone: why?", NOW - HOUR)
    assert {one.at for one in steps(head, ledger, "app2")} == {NOW - HOUR}


def test_a_look_at_other_policies_says_nothing_of_a_step(head: Compiled, ledger: Ledger) -> None:
    look(ledger, head, SEEN, ago=HOUR, digest="0" * 64)
    assert [(one.state, one.at) for one in steps(head, ledger, "nginx")] == [(State.UNKNOWN, None)] * 2


def test_a_clause_and_a_host_have_all_their_steps_and_no_others(head: Compiled) -> None:
    of_clause, of_host = seen(head, None, "C1"), seen(head, None, "app1")

    assert {host for host, _, _ in of_clause} == {"app1", "app2"}
    assert {identity for _, identity, _ in of_clause if identity.startswith("package")} == {"package nginx"}
    assert "file /etc/motd" not in {identity for _, identity, _ in of_clause}
    assert {(host, identity) for host, identity, _ in of_host} == {
        ("app1", step.identity) for step in head.work["app1"].make
    }
