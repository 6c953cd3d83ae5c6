"""A scheduled job on a host: its program, its settings, its service and its timer, as steps.

Comes in: what a policy wants done, and when. Goes out: steps. Called by compile.inspection and compile.backup.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as resources

from opspact.compile.units import service_text, timer_text
from opspact.model import names
from opspact.model.origin import Origin
from opspact.model.schedule import Schedule, on_calendar
from opspact.model.steps.base import Step
from opspact.model.steps.content import Content
from opspact.model.steps.directory import Directory
from opspact.model.steps.file import File
from opspact.model.steps.unit import Unit


@dataclass(frozen=True, slots=True)
class Job:
    """A program of `onhost` that reads its settings and runs on a schedule.

    `kind` and `policy` name its units and files; `arguments` follow the settings' path on its command line; `owner` is
    the account that it runs as.
    """

    kind: str
    policy: str
    program: str
    settings: Mapping[str, object]
    schedule: Schedule
    zone: str
    origin: Origin
    arguments: tuple[str, ...] = ()
    owner: str = "root"
    low_priority: bool = False

    @property
    def name(self) -> str:
        """The name of its units, without their endings."""
        return names.job(self.kind, self.policy)


def program_text(name: str) -> str:
    """Given the name of a program in `onhost`, return its text: it is read, never imported."""
    return resources("opspact.onhost").joinpath(f"{name}.py").read_text(encoding="utf-8")


def job_steps(job: Job) -> Iterator[Step]:
    """Given a job, yield the steps that put it on a host and keep its timer running."""
    origins = (job.origin,)
    settings, program = names.settings(job.kind, job.policy), names.program(job.program)
    service, timer = names.unit_file(f"{job.name}.service"), names.unit_file(f"{job.name}.timer")
    command = " ".join(["/usr/bin/python3", program, settings, *job.arguments])
    title = f"opspact {job.kind} {job.policy} ({job.schedule.text})"
    for folder in (names.PROGRAM_FOLDER, names.SETTINGS_FOLDER, names.settings_folder(job.kind), names.STATE_FOLDER):
        yield Directory(path=folder, origins=origins)
    yield File(path=program, content=Content.of(program_text(job.program)), mode="0755", origins=origins)
    yield File(path=settings, content=Content.of(_json(job.settings)), origins=origins)
    text = service_text(title, command, account=job.owner, low_priority=job.low_priority)
    yield File(path=service, content=Content.of(text), origins=origins)
    calendar = on_calendar(job.schedule, job.zone)
    yield File(path=timer, content=Content.of(timer_text(title, calendar)), origins=origins)
    yield Unit(name=f"{job.name}.timer", watches=(service, timer), origins=origins)


def _json(settings: Mapping[str, object]) -> str:
    return json.dumps(settings, ensure_ascii=False, indent=2) + "\n"
