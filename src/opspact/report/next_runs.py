"""When the jobs of changed timers run next: an apply starts none of them, whatever their schedules had in the past.

In: a contract and an instant; the changes of a plan. Out: words and data beside those changes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs, inspection_job
from opspact.model.guard_periods import guard_inspections
from opspact.model.time.occurrences import next_occurrence
from opspact.plan.change import Change
from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.structs import Struct
from opspact.text.instants import format_instant

_SCHEDULE = b"OnCalendar="
_TIMER = ".timer"


class NextRuns(Struct):
    """When each timer elapses next, by its name, in UTC; `zone` is that of the contract.

    `denser`: when it does on hosts of guard periods, by the policies (`kind/name`) of these.
    """

    zone: ZoneInfo
    at: Mapping[str, datetime]
    denser: Mapping[str, Mapping[str, datetime]]

    def of(self, change: Change) -> datetime | None:
        """Given a change, return when the timer that it starts elapses next; None for any other change."""
        is_unit = change.step.kind == "unit" and change.action.makes
        timer = change.step.subject if is_unit else ""
        denser = self.denser.get(timer, {})
        asked = (self.at.get(timer), *(denser.get(origin.policy) for origin in change.step.origins))
        return min(filter(None, asked), default=None)

    def words(self, change: Change, before: Step | None, after: Step | None) -> str:
        """Given a change and the timer's file as it was and as it will be (None: not known), return what is said."""
        at = self.of(change)
        if at is None:
            return ""
        changed = "schedule changed: " if _is_rescheduled(before, after) else ""
        return f"{changed}next run {format_instant(at, self.zone)}; nothing is started now"


def next_runs(contract: Contract, now: datetime) -> NextRuns:
    """Given a contract and the time, return when the timers of its jobs elapse next."""
    zone = ZoneInfo(contract.zone)
    jobs = (job for job in contract_jobs(contract) if job.kind.is_carried_out)
    found = {f"{job.unit_name}.timer": next_occurrence(job.schedule, zone, now) for job in jobs}
    denser: dict[str, dict[str, datetime]] = {}
    for each in guard_inspections(contract):
        if at := next_occurrence(each.schedule, zone, now):
            timer = f"{inspection_job(each.inspection).unit_name}.timer"
            denser.setdefault(timer, {})[each.window.origin.policy] = at
    return NextRuns(zone, {timer: at for timer, at in found.items() if at is not None}, denser)


def timer_file(change: Change) -> str:
    """Given the change of a timer, return the identity of the file that defines it."""
    return f"{File.kind} {names.unit_file(change.step.subject)}"


def starts_at_once(change: Change, beside: Iterable[Change]) -> str:
    """Given a change and those beside it, return what is said of a schedule by which systemd may start a job at once.

    Empty for all others: a timer that policies define is started with its file, and then nothing of its past is made up
    for. A drop-in, or the file of a timer that no policy starts, has systemd compute the times again when it reads it.
    """
    file = change.step
    is_schedule = isinstance(file, File) and change.action.makes and bool(_schedule(file))
    if not is_schedule or not file.subject.startswith(names.UNIT_FOLDER) or _TIMER not in file.subject:
        return ""
    if any(timer_file(each) == file.identity and each.action.makes for each in beside if each.step.kind == "unit"):
        return ""
    timer = file.subject.removeprefix(names.UNIT_FOLDER).strip("/").partition(_TIMER)[0] + _TIMER
    return f"systemd may start the job of {timer} at once when it reads this schedule"


def _is_rescheduled(before: Step | None, after: Step | None) -> bool:
    return isinstance(before, File) and isinstance(after, File) and _schedule(before) != _schedule(after)


def _schedule(file: File) -> list[bytes]:
    return [text for text in file.content.data.splitlines() if text.startswith(_SCHEDULE)]
