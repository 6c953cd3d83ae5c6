"""Jobs: how obligations are carried out on hosts, on schedule, and what is done there when somebody asks for it.

In: policies, from `contract_jobs`. Out: frozen values: the table of job kinds, and jobs.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from opspact.model import names
from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule

_MINUTE, _HOUR = 60.0, 3600.0
_HALF_A_DAY = 12


class Sandbox(StrEnum):
    """What a job's service may write beside its spool; each is a template of `compile.units`."""

    NOTHING = "nothing"
    MEMORY = "memory"  # a folder in memory for root alone, which is gone afterwards, and its program's compiled form
    BACKUP = "backup"  # borg's state and cache, and dumps on their way
    REPOSITORY = "repository"  # the repositories of its own account
    SCRATCH = "scratch"  # these, and the folder below which copies are restored
    ARCHIVE = "archive"  # borg's state and cache
    RESTORE = "restore"  # these, and whatever is asked for: everywhere
    ACCOUNTS = "accounts"  # accounts, their homes and processes, rules of sudo


class Lock(StrEnum):
    """How a job uses the repository that it names."""

    NONE = "none"
    SHARED = "shared"  # beside others of its kind
    EXCLUSIVE = "exclusive"  # alone


class JobKind(Struct, kw_only=True):
    """One row of the table of job kinds.

    `policy_kind` is the kind of the policies that ask for such jobs. `program` is the on-host program that carries them
    out, started with `action` (empty: without one); an empty `program`: nothing carries them out on a schedule yet.
    With `cleanup`, after each run, it removes what that left if it was killed (empty: nothing is left).
    `time_limit`: seconds after which systemd ends a run. `is_heavy`: it loads disks or databases; the others are done
    in seconds. `is_maintenance`: it belongs into a maintenance window. `is_remote`: it writes to the job's server.
    `is_resumed`: a run that was killed, or may go on later, is started again. `is_of_data`: it takes the data of its
    host for what they should be, so that it does not run while that host is rebuilt. `waits`: it runs on while
    something is open that it will close, and is started again whatever ended it.
    """

    name: str
    policy_kind: str
    program: str = ""
    action: str = ""
    cleanup: str = ""
    account: str = "root"
    sandbox: Sandbox = Sandbox.NOTHING
    time_limit: float = 15 * _MINUTE
    is_heavy: bool = False
    is_maintenance: bool = False
    is_remote: bool = False
    is_resumed: bool = False
    is_of_data: bool = False
    waits: bool = False
    lock: Lock = Lock.NONE

    @property
    def is_carried_out(self) -> bool:
        """Whether a program on the hosts carries out such jobs."""
        return bool(self.program)


INSPECTION = JobKind(name="inspection", policy_kind="inspection", program="inspection", sandbox=Sandbox.MEMORY)
BACKUP = JobKind(
    name="backup",
    policy_kind="backup",
    program="backup",
    sandbox=Sandbox.BACKUP,
    time_limit=48 * _HOUR,
    is_heavy=True,
    is_remote=True,
    is_of_data=True,
    lock=Lock.SHARED,
)
PRUNE = JobKind(
    name="prune",
    policy_kind="backup",
    program="repository",
    action="prune",
    account=names.BACKUP_ACCOUNT,
    sandbox=Sandbox.REPOSITORY,
    time_limit=12 * _HOUR,
    is_heavy=True,
    lock=Lock.EXCLUSIVE,
)
CHECK = JobKind(
    name="check",
    policy_kind="backup",
    program="repository",
    action="check",
    account=names.BACKUP_ACCOUNT,
    sandbox=Sandbox.REPOSITORY,
    time_limit=48 * _HOUR,
    is_heavy=True,
    is_maintenance=True,
    lock=Lock.EXCLUSIVE,
)
DRILL = JobKind(
    name="drill",
    policy_kind="backup",
    program="drill",
    cleanup="remove",
    account=names.BACKUP_ACCOUNT,
    sandbox=Sandbox.SCRATCH,
    time_limit=48 * _HOUR,
    is_heavy=True,
    lock=Lock.EXCLUSIVE,
)
LIBRARY = JobKind(name="library", policy_kind="library", program="library", time_limit=2 * _HOUR, is_heavy=True)
LOG_REVIEW = JobKind(name="log_review", policy_kind="log_review", program="log_review", time_limit=30 * _MINUTE)
EMERGENCY_ACCESS = JobKind(
    name="emergency_access",
    policy_kind="access",
    program="emergency_access",
    sandbox=Sandbox.ACCOUNTS,
    waits=True,
)
DATA_CARE = JobKind(
    name="data_care",
    policy_kind="data_care",
    program="data_care",
    sandbox=Sandbox.ARCHIVE,
    time_limit=12 * _HOUR,
    is_heavy=True,
    is_maintenance=True,
    is_remote=True,
    is_resumed=True,
    is_of_data=True,
    lock=Lock.SHARED,
)
RESTORE = JobKind(
    name="restore",
    policy_kind="backup",
    program="restore",
    cleanup="remove",
    sandbox=Sandbox.RESTORE,
    time_limit=48 * _HOUR,
    is_heavy=True,
    is_remote=True,
    lock=Lock.SHARED,
)

LOOKS = (INSPECTION, LOG_REVIEW)
"""The kinds whose results say how a host is: their items are findings until the next look."""

JOB_KINDS: Mapping[str, JobKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            *(INSPECTION, BACKUP, PRUNE, CHECK, DRILL, RESTORE),
            *(LIBRARY, LOG_REVIEW, EMERGENCY_ACCESS, DATA_CARE),
        )
    }
)
"""The table of job kinds, by name."""


class HostJob(Struct):
    """One thing that a unit of each of its hosts does. `name` is its policy's, of a pruning its repository's."""

    kind: JobKind
    name: str
    hosts: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its one name: `inspection/daily-servers`."""
        return f"{self.kind.name}/{self.name}"

    @property
    def unit_name(self) -> str:
        """The name of its systemd units, without their endings."""
        return names.job_unit(self.key)


class RequestedJob(HostJob):
    """One thing that is done when somebody asks for it, and only then."""

    origin: Origin


class Job(HostJob):
    """One thing that runs on a schedule, on each of its hosts.

    `path` is where its policy writes the schedule (empty: opspact sets it). `server` keeps what it copies, in
    `repository`. `takes`: how long a run takes as the policy says (None: it does not say). A contract has one job of a
    kind and name on a host at most.
    """

    schedule: Schedule
    origin: Origin
    path: tuple[str, ...] = ("schedule",)
    server: str = ""
    repository: str = ""
    takes: Duration | None = None

    @property
    def policy(self) -> str:
        """The policy that asks for it: `kind/name`."""
        return self.origin.policy

    @property
    def is_frequent(self) -> bool:
        """Whether it runs so often that it meets everything else, as is meant."""
        return len(self.schedule.hours) * len(self.schedule.minutes) > _HALF_A_DAY

    @property
    def title(self) -> str:
        """What it is called in messages."""
        match self.kind.name:
            case PRUNE.name:
                return f"the daily pruning of {self.server}:{self.repository}"
            case CHECK.name:
                return f"the check of {self.server}:{self.repository}"
            case DRILL.name:
                return f"the restore test of {self.policy}"
            case _:
                return self.policy
