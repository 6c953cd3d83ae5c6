"""A ledger with a history: policies applied, hosts checked, results collected, each at its own time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from ledgers import context

from opspact.compile.policy_steps import hosts_by_policy, steps_by_policy
from opspact.compile.shape import Work
from opspact.evidence.assessment import Assessment, Judged, assess
from opspact.fleet.failures import lost
from opspact.ledger.apply_events import CheckSource, HostChecked, PolicyApplied, PolicyChecks
from opspact.ledger.event_type import EventType
from opspact.ledger.job_events import HostReach, JobResult
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.policy_history import policy_histories
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.result import Copy, Item, Outcome, Result, Verdict
from opspact.rollout.policy_record import applied_jobs
from opspact.steps.check import Reach

CLAUSE = "kind: clause\nname: {}\nsection: '1'\ntext: {{en: Promise}}\nkept_by: opspact\nevidence_within: 31 days\n"
POLICIES = (
    *map(CLAUSE.format, ("C1", "D2", "D4", "D5", "D9")),
    "kind: service\nname: web\nclauses: [C1]\nhosts: web\nowner: operations\npackages: [nginx]\n",
    "kind: inspection\nname: daily\nclauses: [D5]\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n",
    (
        "kind: backup\nname: nightly\nclauses: [D2]\nhosts: app1\nwhat: {paths: [/srv]}\nschedule: daily at 01:00\n"
        "encryption: none\nto: {host: backup1, repository: daily}\nkeep: {daily: 7}\nrpo: 26h\nrto: 8h\n"
        "check: {schedule: weekly on sunday at 04:00}\ndrill: {within: 92 days}\n"
    ),
    "kind: device\nname: switch\nclauses: [D9]\naddress: 192.0.2.10\n",
)
"""A contract with each way of proof: checks, inspections, copies and drills, and a device that nobody probes."""


@dataclass
class History:
    """What is recorded for one contract, in a ledger."""

    ledger: Ledger
    contract: Contract
    work: Mapping[str, Work]
    numbers: dict[str, int] = field(default_factory=dict)

    def record(self, event: EventType, at: datetime) -> None:
        self.ledger.record(event, context=context(at, contract=self.contract.name))

    def applied(self, at: datetime, *policies: str, digest: str = "", hosts: tuple[str, ...] | None = None) -> None:
        """Record that policies came into effect (all, where none is named), with their present text or another.

        They did on the hosts given, of those that they have steps on, or on all of these.
        """
        known = policy_histories(self.ledger, self.contract.name)
        jobs, wanted = applied_jobs(self.contract), hosts_by_policy(self.work)
        for name in policies or self.contract.policy_index.policies:
            text = digest or self.contract.policy_index.policies[name].digest
            there = tuple(host for host in wanted.get(name, ()) if hosts is None or host in hosts)
            previous = known[name].newest.sequence if name in known else 0
            self.record(PolicyApplied(name, text, previous, there, jobs.get(name, ())), at)

    def removed(self, at: datetime, policy: str, *hosts: str) -> None:
        """Record that a policy (`kind/name`) was removed from hosts."""
        previous = policy_histories(self.ledger, self.contract.name)[policy].newest.sequence
        self.record(PolicyApplied(policy, "", previous, removed_from=hosts), at)

    def checked(
        self,
        at: datetime,
        host: str,
        *,
        failed: str = "",
        reach: Reach = Reach.REACHED,
        source: CheckSource = CheckSource.VERIFY,
    ) -> None:
        """Record a check of a host: ok, or with one failed step of a policy (`kind/name`), or not reached."""
        steps = steps_by_policy(self.work.values())[id(self.work[host])]
        policies = {
            name: PolicyChecks(
                ok=len(of.identities) - (name == failed), failed=int(name == failed), unknown=0, digest=of.digest
            )
            for name, of in steps.items()
        }
        bad = {steps[failed].identities[0]: "failed: differs"} if failed else {}
        planned = len(self.work[host].make)
        self.record(
            HostChecked(
                host,
                source,
                self.contract.digest,
                reach=reach,
                detail="" if reach is Reach.REACHED else lost(host, reach, "ssh: Connection timed out").detail,
                planned=planned,
                ok=planned - len(bad),
                not_ok=bad,
                policies=policies if reach is Reach.REACHED else {},
            ),
            at,
        )

    def result(  # noqa: PLR0913 - the fields of a result, each with its ordinary value
        self,
        job: str,
        host: str,
        began: datetime,
        *,
        outcome: Outcome = Outcome.DONE,
        verdict: Verdict = Verdict.OK,
        message: str = "",
        items: tuple[Item, ...] = (),
        copy: datetime | None = None,
        died: bool = False,
        damaged: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Record a result; its spool is one for each job and host, numbered from 1."""
        number = self.numbers[f"{job} {host}"] = self.numbers.get(f"{job} {host}", 0) + 1
        ended = began + timedelta(seconds=30)
        result = Result(
            job=job,
            host=host,
            spool="5f3c",
            sequence=number,
            started=None if damaged else began,
            ended=None if damaged or died else ended,
            outcome=outcome,
            verdict=verdict,
            message=message,
            items=items,
            copy=Copy(name=f"daily-{number}", started=copy) if copy else None,
            died=died,
            damaged=damaged,
            facts=facts or {},
        )
        self.record(JobResult(result), ended + timedelta(minutes=1))

    def done(self, policy: str, what: str, day: date, *, at: datetime, found: int | None = None) -> None:
        """Record that Wang Fang did what a policy (`kind/name`) owes, on a day."""
        self.record(PersonRecorded(policy, what, "wang-fang", day, found), at)

    def unreachable(self, at: datetime, host: str) -> None:
        """Record that a host did not answer when its results were to be collected."""
        self.record(HostReach(host, Reach.DOWN, lost(host, Reach.DOWN, "ssh: Connection timed out").detail), at)


NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai


def assessed(history: History, now: datetime = NOW) -> Assessment:
    return assess(history.contract, history.work, history.ledger, now=now)


def one(history: History, policy: str, what: str, *, subject: str = "host/app1", now: datetime = NOW) -> Judged:
    """Return how what a policy owes of a subject stands, judged with everything else."""
    (found,) = (
        each
        for each in assessed(history, now).of_policy(policy)
        if (each.obligation.what, each.obligation.subject) == (what, subject)
    )
    return found
