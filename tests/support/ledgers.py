"""Events to fill ledgers with: one of each type, and the shortest way to record some."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from job_results import job_result

from opspact.ledger.access_events import AccessGranted, AccessOutcome, AccessReported
from opspact.ledger.apply_events import (
    AppliedJob,
    ApplyFinished,
    ApplyStarted,
    ChangeGuarded,
    CheckSource,
    GuardState,
    HostAddress,
    HostChecked,
    HostOutcome,
    HostRetired,
    ManifestChange,
    ManifestChanges,
    PolicyApplied,
    PolicyChecks,
    VerifyFinished,
)
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped
from opspact.ledger.context import Context
from opspact.ledger.event import Entry, SealedEvent, seal
from opspact.ledger.events import AnyEvent
from opspact.ledger.freeze_events import FreezeEnded, FreezeStarted
from opspact.ledger.job_events import HostReach, JobResult, ResultsLost
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.redaction_events import RedactionChecked
from opspact.ledger.review_events import KnownAccount, LogBaseline, LogsReviewed
from opspact.ledger.run_events import (
    HostTaken,
    LeaseReleased,
    LeaseTaken,
    RunFinished,
    RunOutcome,
    RunRenewed,
    RunStarted,
    StageFinished,
    StageStarted,
)
from opspact.ledger.runbook_events import (
    Attachment,
    EmergencyRehearsed,
    RunbookAbandoned,
    RunbookAnswered,
    RunbookApproved,
    RunbookNotice,
    RunbookStarted,
    RunbookStepEnded,
    RunbookTarget,
    StepOutcome,
)
from opspact.ledger.store import Ledger
from opspact.model.result import Copy, Item, Outcome, Result, Verdict
from opspact.plan.change import Action
from opspact.steps.check import Reach
from opspact.values.schedule import Schedule

BEGINNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CONTRACT = "office-automation"

_MANIFESTS = ManifestChanges(
    {"app1": ManifestChange("0123abcd", brought=(0,), gone=("file /etc/old",))},
    ({"kind": "directory", "path": "/srv", "mode": "0755"},),
)

_SCHEDULE = Schedule(
    text="monthly on the last day at 01:00",
    minutes=(0,),
    hours=(1,),
    month_days=(),
    months=(1, 2, 12),
    week_days=(0, 6),
    last_day=True,
    either_day=True,
)

SAMPLES: tuple[AnyEvent, ...] = (
    ApplyStarted(
        hosts={
            "app1": {
                Action.ADD: ("file /etc/motd",),
                Action.CHANGE: ("unit nginx.service",),
                Action.REMOVE: ("file /etc/old",),
                Action.RELEASE: ("package ntp",),
                Action.DEPENDENT: ("port-answer 80",),
                Action.MANUAL: ("directory /srv",),
                Action.DEFERRED: ("link /srv/www",),
            }
        },
        reached_at={"app1": HostAddress("10.0.0.1", "admin")},
        manifests=_MANIFESTS,
        contract_digest="c1",
        run="r1",
    ),
    ApplyFinished(
        hosts={"app1": HostOutcome(3, 2, why="ansible: no space"), "db1": HostOutcome(4, 0, reach=Reach.DOWN)},
        is_converged=False,
        ansible_started=True,
        signal=15,
        carrying=("app1",),
        notes=("app1: left in place: directory /srv",),
        manifests=_MANIFESTS,
        contract_digest="c1",
        run="r1",
        left={"app1": ("package vim",)},
    ),
    HostChecked(
        host="app1",
        source=CheckSource.VERIFY,
        contract_digest="c1",
        reach=Reach.CUT_OFF,
        detail="fell silent",
        planned=3,
        ok=1,
        not_ok={"file /etc/motd": "failed: other content", "unit nginx.service": "unknown: fell silent"},
        policies={"service/web": PolicyChecks(ok=1, failed=1, unknown=1, digest="0123456789ab")},
        manifest="missing: written by an earlier apply",
        run="r1",
    ),
    VerifyFinished(ok=("app1",), failed=("app2",), unknown=("db1",), contract_digest="c1", run="r1"),
    HostRetired(host="old1", reason="scrapped", remaining=("file /etc/motd",)),
    PolicyApplied(
        policy="backup/daily",
        digest="ab" * 32,
        previous=7,
        hosts=("app1", "db1"),
        jobs=(
            AppliedJob("backup/daily", _SCHEDULE, zone="Asia/Shanghai"),
            AppliedJob("drill/daily", subject="repository/backup1/daily"),
        ),
        removed_from=("app2",),
    ),
    JobResult(
        Result(
            job="backup/daily",
            host="app1",
            spool="0123456789ab",
            sequence=12,
            started=BEGINNING - timedelta(minutes=2),
            ended=BEGINNING,
            outcome=Outcome.FAILED,
            verdict=Verdict.CRITICAL,
            message="full",
            items=(
                Item(
                    item="disk",
                    subject="/",
                    verdict=Verdict.CRITICAL,
                    message="97 %",
                    facts={"free_bytes": 12.5, "ok": True, "note": None},
                ),
            ),
            lost=3,
            copy=Copy(name="daily-20261122T080000Z", started=BEGINNING - timedelta(days=1)),
            has_no_copy=True,
            facts={"seconds": 120.5},
            died=True,
            damaged="in no way",
            clock_ahead=-7200,
        )
    ),
    ResultsLost(job="inspection/daily", host="app1", spool="0123456789ab", first=3, last=11),
    HostReach(host="app1", reach=Reach.DOWN, detail="no route"),
    RunStarted(
        run="r1",
        procedure="apply",
        stages=("converge",),
        until=BEGINNING + timedelta(minutes=1),
        hosts=("app1",),
        arguments={"limit": "web"},
        attempt=2,
        process="boot:ns:7:99",
    ),
    StageStarted(run="r1", stage="converge", attempt=2),
    StageFinished(run="r1", stage="converge", outcome=RunOutcome.FAILED, detail="app1 failed", attempt=2),
    RunFinished(run="r1", outcome=RunOutcome.STOPPED, detail="ended by SIGTERM", signal=15, attempt=2),
    RunRenewed(run="r1", until=BEGINNING + timedelta(minutes=2), number=1, attempt=2),
    LeaseTaken(host="app1", token=4, run="r1", until=BEGINNING + timedelta(hours=1)),
    LeaseReleased(host="app1", token=4, run="r1"),
    HostTaken(host="app1", token=4, run="r1", by="r2"),
    PersonRecorded(
        policy="spare/core-switch",
        what="stock count",
        person="wang-fang",
        day=BEGINNING.date(),
        found=2,
        note="one is in the van",
    ),
    LogBaseline(
        policy="log_review/daily-logins",
        host="app1",
        edition=1,
        since=BEGINNING,
        until=BEGINNING + timedelta(days=14),
        accounts=(KnownAccount("ops", ("198.51.100.0/24",), ("SHA256:abc",)), KnownAccount("root")),
    ),
    LogsReviewed(
        policy="log_review/daily-logins",
        host="app1",
        person="wang-fang",
        spool="0123456789ab",
        number=15,
        note="a new laptop",
        accepted=(KnownAccount("ops", (), ("SHA256:def",)),),
    ),
    RedactionChecked(policy="redaction/pins", lines="5f3c00aa11bb", planted=("it was [redacted]",), found=(7,)),
    AccessGranted(
        grant="5f3c01aa",
        policy="access/db",
        person="li-na",
        account="em-li-na",
        hosts=("app1", "db1"),
        until=BEGINNING + timedelta(hours=2),
        reason="disk full",
    ),
    AccessReported(
        grant="5f3c01aa", policy="access/db", host="db1", outcome=AccessOutcome.UNKNOWN, detail="no route to host"
    ),
    ApprovalReceived(
        plan="9a" * 32,
        person="li-na",
        fingerprint="SHA256:def",
        approved=BEGINNING,
        roles=("customer",),
        requester="gitlab",
        signature="-----BEGIN SSH SIGNATURE-----",
        seal="7b" * 32,
    ),
    ApprovalSkipped(
        policy="approval/reduced",
        run="apply-1",
        plan="9a" * 32,
        person="li-na",
        approvers=("he-jing",),
        hosts=("app1",),
        reason="disk full",
    ),
    ChangeGuarded(
        host="app1",
        run="r1.2",
        state=GuardState.REVERTED,
        paths=("/etc/nftables.conf",),
        why="the host has reverted /etc/nftables.conf: nobody confirmed it within 300 s",
    ),
    FreezeStarted(freeze="freeze-1a2b3c", until=BEGINNING + timedelta(days=7), reason="national holidays"),
    FreezeEnded(freeze="freeze-1a2b3c", reason="back early"),
    RunbookStarted(
        run="r2",
        runbook="restore-database",
        digest="3c" * 32,
        targets=("db1",),
        inputs={"database": "oa", "password": "secret:vault:oa"},
        person="li-na",
        drill="database-lost",
    ),
    RunbookTarget(runbook="restore-database", host="db1", number=2, run="r2"),
    RunbookStepEnded(
        run="r2",
        step="count-documents",
        host="db1",
        attempt=1,
        action="command",
        outcome=StepOutcome.FAILED,
        started=BEGINNING - timedelta(seconds=2),
        ended=BEGINNING,
        command=("psql", "--command", "SELECT count(*) FROM document", "oa_restored"),
        digest="4d" * 32,
        exit_code=1,
        changed=False,
        output="0",
        error_output="psql: could not connect",
        size=26,
        values={"documents": "0"},
        hidden=("token",),
        detail="no connection",
        tries=3,
        following="report-reason",
    ),
    RunbookAnswered(
        run="r2",
        step="check-data",
        question="confirm",
        answer="yes",
        attachments=(Attachment("records", "records.txt", sha256="5e" * 32, size=3, content="b2sK"),),
    ),
    RunbookApproved(
        run="r2",
        step="approve-restore",
        person="he-jing",
        fingerprint="SHA256:def",
        approved=BEGINNING,
        roles=("customer",),
        requester="li-na",
        digest="6f" * 32,
        signature="-----BEGIN SSH SIGNATURE-----",
    ),
    RunbookNotice(run="r2", step="notify", recipient="team project-manager", message="restoring", attempt=2),
    RunbookAbandoned(run="r2", reason="the disk was changed"),
    EmergencyRehearsed(
        policy="emergency/database-lost",
        host="db1",
        outcome=RunOutcome.FAILED,
        began=datetime(2026, 11, 23, 8, tzinfo=UTC),
        fault_run="r3",
        runbook_run="r4",
        broken=datetime(2026, 11, 23, 8, 1, tzinfo=UTC),
        noticed=datetime(2026, 11, 23, 8, 2, tzinfo=UTC),
        cured=datetime(2026, 11, 23, 8, 3, tzinfo=UTC),
        detail="inspection daily-database still reports postgresql oa",
    ),
)
"""One event of each type, every field with another value than its default."""


def context(at: datetime = BEGINNING, **fields: Any) -> Context:
    defaults: Mapping[str, Any] = {"actor": "li-na", "contract": "office-automation", "commit": "a1b2c3"}
    return Context(at=at, **{**defaults, **fields})


def append(ledger: Ledger, entry: Entry) -> SealedEvent:
    """Record what no type of event says: what another program, or another opspact, may have recorded."""
    appended = ledger.copy_all(lambda head: [seal(entry, after=head)])
    assert appended is not None
    return appended


def result(sequence: int, host: str = "app1", job: str = "backup/daily", **fields: Any) -> JobResult:
    return job_result(job, host, sequence, spool="5f3c", **fields)


def lease(host: str, token: int, run: str = "r1") -> LeaseTaken:
    return LeaseTaken(host, token, run, BEGINNING + timedelta(hours=1))


def began(attempt: int = 1) -> RunStarted:
    return RunStarted("r1", "apply", ("converge",), BEGINNING + timedelta(hours=1), attempt=attempt)


def sequences(ledger: Ledger, **choice: Any) -> list[int]:
    return [each.sequence for each in ledger.read(JobResult, **{"contract": CONTRACT, **choice})]
