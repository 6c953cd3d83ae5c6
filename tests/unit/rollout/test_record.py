"""What rollout records of an apply and of a verify: each host as it was seen, each policy's text once."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from building import tree

from opspact.compile.build import build
from opspact.ledger.apply_events import (
    ApplyFinished,
    CheckSource,
    HostChecked,
    HostOutcome,
    ManifestChange,
    ManifestChanges,
    PolicyApplied,
    PolicyChecks,
    VerifyFinished,
)
from opspact.ledger.context import Context
from opspact.ledger.policy_history import policy_histories
from opspact.ledger.run_events import RunStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.ledger.verify import verify
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.plan.plan import Plan
from opspact.resolve.contract import resolve
from opspact.rollout import record
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.survey import Survey
from opspact.run.leases import Leases
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.structs import replace
from opspact.workspace.workspace import Compiled, context

WEB = "kind: service\nname: web\nhosts: web\nowner: operations\npackages: [nginx]\n"
NOTE = "kind: service\nname: note\nhosts: app1\nowner: operations\nfiles: [{path: /etc/motd, content: %s}]\n"
CLAUSE = "kind: clause\nname: C1\nsection: '1'\ntext: {en: Promise}\nkept_by: opspact\nevidence_within: 2 days\n"


def compiled(*policies: str) -> Compiled:
    contract = resolve(tree(*policies))
    return Compiled({}, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))


@pytest.fixture(scope="module")
def head() -> Compiled:
    return compiled(WEB, NOTE % "hello", CLAUSE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def seen(head: Compiled, host: str, *, bad: Mapping[str, State] | None = None) -> HostResult:
    checks = (
        Check(step, (bad or {}).get(step.identity, State.OK), "why" * (step.identity in (bad or {})))
        for step in head.work[host].make
    )
    return HostResult(host, Reach.REACHED, tuple(checks))


def down(head: Compiled, host: str) -> HostResult:
    return HostResult(
        host, Reach.DOWN, tuple(Check(step, State.UNKNOWN, "down") for step in head.work[host].make), "no route"
    )


def finish(ledger: Ledger, head: Compiled, *results: HostResult, signal: int = 0, **why: str) -> None:
    plan = Plan("", "", head.contract.digest, live=True)
    applied = ApplyOutcome(plan, {each.name: each for each in results}, started=True, why=why, signal=signal)
    leases = Leases(ledger, lambda: context(head), run="", attempt=1)
    record.finished(leases, head, applied, manifests=ManifestChanges(), found={})


def test_a_host_that_another_run_took_is_left_out_and_reported(head: Compiled, ledger: Ledger) -> None:
    leases = Leases(ledger, lambda: context(head), run="r1", attempt=1)
    leases.observe(["app1", "app2"])
    other = Leases(ledger, lambda: context(head), run="r2", attempt=1)
    other.start([RunStarted("r2", "apply", ("converge",), other.until())])
    other.take({"app2": 0})

    plan, results = Plan("", "", head.contract.digest, live=True), (seen(head, "app1"), seen(head, "app2"))
    manifests = ManifestChanges({name: ManifestChange("machine") for name in ("app1", "app2")})
    before = ApplyOutcome(plan, {each.name: each for each in results}, started=True)
    after = record.finished(leases, head, before, manifests=manifests, found={})

    assert checked(ledger, head).keys() == {"app1"}
    (finished,) = (each.event for each in ledger.read(ApplyFinished, contract=head.contract.name))
    assert [list(finished.hosts), list(finished.manifests.hosts)] == [["app1"], ["app1"]]
    assert (list(after.results), list(after.why), after.is_converged) == (["app1", "app2"], ["app2"], False)
    assert "r2" in after.why["app2"]


def checked(ledger: Ledger, head: Compiled) -> dict[str, HostChecked]:
    newest = ledger.newest_by_subject(HostChecked, contract=head.contract.name, prefix="host/")
    return {each.event.host: each.event for each in newest.values()}


def applied_policies(ledger: Ledger, head: Compiled) -> list[tuple[str, int]]:
    return [
        (each.event.policy, each.event.previous) for each in ledger.read(PolicyApplied, contract=head.contract.name)
    ]


def test_each_host_is_recorded_as_it_was_seen_with_counts_by_policy(head: Compiled, ledger: Ledger) -> None:
    bad = {"package nginx": State.FAILED, "file /etc/motd": State.UNKNOWN}
    finish(ledger, head, seen(head, "app1", bad=bad), down(head, "app2"))

    of_app1, of_app2 = checked(ledger, head)["app1"], checked(ledger, head)["app2"]
    assert (of_app1.source, of_app1.reach, of_app1.planned, of_app1.ok) == (CheckSource.APPLY, Reach.REACHED, 2, 0)
    assert of_app1.not_ok == {"package nginx": "failed: why", "file /etc/motd": "unknown: why"}
    assert of_app1.contract_digest == head.contract.digest
    web, note = of_app1.policies["service/web"], of_app1.policies["service/note"]
    assert (web.ok, web.failed, web.unknown) == (0, 1, 0)
    assert (note.ok, note.failed, note.unknown) == (0, 0, 1)
    assert (of_app2.reach, of_app2.detail) == (Reach.DOWN, "no route")
    assert of_app2.policies == {"service/web": PolicyChecks(unknown=1, digest=web.digest)}


def test_a_policys_digest_is_that_of_its_steps_on_the_host(head: Compiled, ledger: Ledger) -> None:
    finish(ledger, head, seen(head, "app1"))
    before = checked(ledger, head)["app1"].policies
    other = compiled(WEB, NOTE % "other", CLAUSE)
    finish(ledger, other, seen(other, "app1"))
    after = checked(ledger, head)["app1"].policies

    assert before["service/web"] == after["service/web"]
    assert before["service/note"].digest != after["service/note"].digest
    assert {len(each.digest) for each in (*before.values(), *after.values())} == {12}


def test_an_apply_ends_with_what_came_of_it(head: Compiled, ledger: Ledger) -> None:
    finish(ledger, head, seen(head, "app1"), down(head, "app2"), app2="no route")

    finished = next(ledger.read_any(newest_first=True, limit=1)).event
    assert isinstance(finished, ApplyFinished)
    assert finished.hosts == {"app1": HostOutcome(2, 2), "app2": HostOutcome(1, 0, Reach.DOWN, "no route")}
    assert (finished.is_converged, finished.carrying) == (False, ("app1", "app2"))
    assert verify(ledger).count == ledger.head().sequence


def removed_policies(ledger: Ledger, head: Compiled) -> list[tuple[str, tuple[str, ...], str]]:
    events = ledger.read(PolicyApplied, contract=head.contract.name)
    return [
        (each.event.policy, each.event.removed_from, each.event.digest) for each in events if each.event.removed_from
    ]


def test_a_policy_leaves_the_hosts_that_are_done_with_it(head: Compiled, ledger: Ledger) -> None:
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    after = compiled(NOTE % "hello", CLAUSE)
    finish(ledger, after, seen(after, "app1"), down(after, "app2"))
    finish(ledger, after, seen(after, "app2"), app2="cannot be removed")
    assert removed_policies(ledger, head) == [("service/web", ("app1",), "")]
    finish(ledger, after, seen(after, "app1"), seen(after, "app2"))
    finish(ledger, after, seen(after, "app1"), seen(after, "app2"))
    assert removed_policies(ledger, head) == [("service/web", ("app1",), ""), ("service/web", ("app2",), "")]

    before = applied_policies(ledger, head)
    finish(ledger, head, seen(head, "app1"))  # with the same text as once
    (again,) = applied_policies(ledger, head)[len(before) :]
    assert again[0] == "service/web"
    history = policy_histories(ledger, head.contract.name)["service/web"]
    assert (list(history.hosts), sorted(history.removed)) == (["app1"], ["app1", "app2"])


def test_a_policy_that_moves_from_host_to_host_is_one_event(ledger: Ledger) -> None:
    note = NOTE % "hello"
    before, after = compiled(note), compiled(note.replace("hosts: app1", "hosts: app2"))
    finish(ledger, before, seen(before, "app1"), seen(before, "app2"))
    finish(ledger, after, seen(after, "app1"), seen(after, "app2"))
    (event,) = (
        each.event for each in ledger.read(PolicyApplied, contract=after.contract.name) if each.event.removed_from
    )
    assert (event.hosts, event.removed_from) == (("app2",), ("app1",))
    assert event.digest == after.contract.policy_index.policies["service/note"].digest


def test_a_verify_records_each_host_and_who_is_ok_failed_and_unknown(head: Compiled, ledger: Ledger) -> None:
    results = {
        "app1": seen(head, "app1", bad={"package nginx": State.FAILED, "file /etc/motd": State.UNKNOWN}),
        "app2": down(head, "app2"),
        "db1": seen(head, "db1"),
    }
    note = HostManifest(state=ManifestState.MISSING, detail="it is gone")
    record.verified(ledger, head, Survey(results, {"app1": note, "db1": HostManifest()}))

    (finished,) = ledger.read(VerifyFinished, contract=head.contract.name)
    assert (finished.event.ok, finished.event.failed, finished.event.unknown) == (("db1",), ("app1",), ("app2",))
    found = checked(ledger, head)
    assert {name: each.source for name, each in found.items()} == dict.fromkeys(results, CheckSource.VERIFY)
    assert {name: each.manifest for name, each in found.items()} == {
        "app1": "missing: it is gone",
        "app2": "",
        "db1": "",
    }


def test_a_host_of_which_only_unknown_is_known_is_unknown(head: Compiled, ledger: Ledger) -> None:
    results = {"app1": seen(head, "app1", bad={"file /etc/motd": State.UNKNOWN})}
    record.verified(ledger, head, Survey(results, {}))

    (finished,) = ledger.read(VerifyFinished, contract=head.contract.name)
    assert finished.event.unknown == ("app1",)


# When the text of a policy comes into effect


def test_a_policys_text_is_recorded_once_and_again_when_it_changes(head: Compiled, ledger: Ledger) -> None:
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    first = applied_policies(ledger, head)
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    assert applied_policies(ledger, head) == first
    assert {name for name, _ in first} == set(head.contract.policy_index.policies)
    assert {previous for _, previous in first} == {0}

    other = compiled(WEB, NOTE % "other", CLAUSE)
    finish(ledger, other, seen(other, "app1"))
    finish(ledger, head, seen(head, "app1"))  # and back again

    policies = ledger.read(PolicyApplied, contract=head.contract.name, subject="policy/service/note")
    sequences, digests, previous = zip(
        *((it.sequence, it.event.digest, it.event.previous) for it in policies), strict=True
    )
    assert previous == (0, *sequences[:2])
    assert digests[0] == digests[2] != digests[1]
    assert len(applied_policies(ledger, head)) == len(first) + 2


def hosts_of(ledger: Ledger, head: Compiled, policy: str) -> list[tuple[str, ...]]:
    policies = ledger.read(PolicyApplied, contract=head.contract.name, subject=f"policy/{policy}")
    return [each.event.hosts for each in policies]


def test_a_policy_with_steps_is_in_effect_on_each_host_where_its_own_steps_are_ok(
    head: Compiled, ledger: Ledger
) -> None:
    finish(ledger, head, seen(head, "app1", bad={"package nginx": State.UNKNOWN}), down(head, "app2"))
    assert [hosts_of(ledger, head, name) for name in ("service/web", "service/note")] == [[], [("app1",)]]

    finish(ledger, head, seen(head, "app1"), down(head, "app2"), app1="another step failed")
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    assert hosts_of(ledger, head, "service/web") == [("app1",), ("app2",)]
    assert hosts_of(ledger, head, "service/note") == [("app1",)]

    other = compiled(WEB.replace("nginx", "nginx, vim"), NOTE % "hello", CLAUSE)
    finish(ledger, other, seen(other, "app1"), seen(other, "app2"))
    assert hosts_of(ledger, head, "service/web") == [("app1",), ("app2",), ("app1", "app2")]


def test_a_text_records_the_jobs_that_it_asks_for_with_their_schedules(ledger: Ledger) -> None:
    daily = "kind: inspection\nname: daily\nhosts: app1\nschedule: daily at 07:00\nitems: [{units: {}}]\n"
    head = compiled(daily, WEB)
    finish(ledger, head, seen(head, "app1"), seen(head, "app2"))
    applied = {each.event.policy: each.event.jobs for each in ledger.read(PolicyApplied, contract=head.contract.name)}
    assert [(job.job, str(job.schedule)) for job in applied["inspection/daily"]] == [
        ("inspection/daily", "daily at 07:00")
    ]
    assert applied["service/web"] == ()
    contract = replace(head.contract, zone="Europe/Rome")
    elsewhere = replace(head, contract=contract, work=build(contract, day=date(2026, 1, 1)))
    for _ in range(2):  # once
        finish(ledger, elsewhere, seen(elsewhere, "app1"), seen(elsewhere, "app2"))
    found = list(ledger.read(PolicyApplied, contract=contract.name, subject="policy/inspection/daily"))
    assert [each.event.jobs[0].zone for each in found] == [head.contract.zone, "Europe/Rome"]
    assert hosts_of(ledger, head, "service/web") == [("app1", "app2")]


def test_a_text_without_steps_records_what_people_owe_with_its_schedule_and_zone(ledger: Ledger) -> None:
    visit = "kind: visit\nname: call\nby: operations\nschedule: monthly on day 20 at 15:00\n"
    head = compiled(visit, WEB)
    contract = replace(head.contract, zone="Europe/Rome")
    moved = replace(head, contract=contract, work=build(contract, day=date(2026, 1, 1)))
    for each in (head, head, moved, moved):
        finish(ledger, each, seen(each, "app1"), seen(each, "app2"))
    found = list(ledger.read(PolicyApplied, contract=head.contract.name, subject="policy/visit/call"))
    assert [(job.job, job.subject, job.zone) for each in found for job in each.event.jobs] == [
        ("visit record", "visit/call", head.contract.zone),
        ("visit record", "visit/call", "Europe/Rome"),
    ]


def test_of_two_applies_at_the_same_time_both_record_where_a_policy_came_into_effect(
    head: Compiled, ledger: Ledger
) -> None:
    other = [seen(head, "app2")]  # recorded when the first one has made its events, and is about to record them

    def clock() -> Context:
        if other:
            finish(ledger, head, other.pop())
        return context(head)

    results = {"app1": seen(head, "app1")}
    applied = ApplyOutcome(Plan("", "", head.contract.digest, live=True), results, started=True)
    record.finished(Leases(ledger, clock, run="", attempt=1), head, applied, manifests=ManifestChanges(), found={})

    assert hosts_of(ledger, head, "service/web") == [("app2",), ("app1",)]
    assert len([name for name, _ in applied_policies(ledger, head) if name == "clause/C1"]) == 1
    assert len(list(ledger.read(ApplyFinished, contract=head.contract.name))) == 2


def test_an_apply_that_a_signal_ended_brings_no_policy_without_steps_into_effect(
    head: Compiled, ledger: Ledger
) -> None:
    finish(ledger, head, seen(head, "app1"), down(head, "app2"), signal=2)

    assert {name for name, _ in applied_policies(ledger, head)} == {"service/web", "service/note"}


def test_a_change_of_comments_and_layout_is_no_change_of_a_policy(head: Compiled) -> None:
    def digests(*policies: str) -> dict[str, str]:
        return {str(each): each.digest for each in compiled(*policies).contract.policy_index.policies.values()}

    plain = digests(WEB, NOTE % "hello", CLAUSE)
    commented = digests(f"# why\n{WEB}\n# more\n", NOTE % "  'hello'", CLAUSE)
    changed = digests(WEB.replace("nginx", "nginx, vim"), NOTE % "hello", CLAUSE)

    assert plain == commented == {str(it): it.digest for it in head.contract.policy_index.policies.values()}
    assert {name for name in plain if plain[name] != changed[name]} == {"service/web"}
    assert {len(each) for each in plain.values()} == {64}
