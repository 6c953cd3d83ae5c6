"""A scheduled job on a host: its program, its settings, its service and its timer, as steps.

Comes in: what a policy wants done, and when. Goes out: steps.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as resources

from opspact.compile import units
from opspact.model import names
from opspact.model.origin import Origin
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.unit import Unit
from opspact.values.schedule import Schedule, on_calendar

_FUTURE = "from __future__ import annotations\n"
_SHARED = re.compile(r"^from opspact\.onhost\.spool import (?:[^\n(]+|\([^)]*\))$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program of `onhost` that reads its settings and runs on a schedule.

    `kind` names the program, the folder of its settings and, with `policy`, its units; `service` is its unit's text.
    """

    kind: str
    policy: str
    settings: str
    service: str
    schedule: Schedule
    zone: str
    origin: Origin

    @property
    def name(self) -> str:
        """The name of its units, without their endings."""
        return names.job(self.kind, self.policy)


def program_text(name: str) -> str:
    """Given the name of a program in `onhost`, return it as one file, with what it shares put in place of the import.

    It is read, never imported.
    """
    _, _, shared = _onhost("spool").partition(_FUTURE)
    return _SHARED.sub(lambda _: shared.strip(), _onhost(name), count=1)


def _onhost(name: str) -> str:
    return resources("opspact.onhost").joinpath(f"{name}.py").read_text(encoding="utf-8")


def job_steps(job: Job) -> Iterator[Step]:
    """Given a job, yield the steps that put it on a host and keep its timer running."""
    origins = (job.origin,)
    settings, program = names.settings(job.kind, job.policy), names.program(job.kind)
    service, timer = names.unit_file(f"{job.name}.service"), names.unit_file(f"{job.name}.timer")
    for folder in (names.PROGRAM_FOLDER, names.SETTINGS_FOLDER, names.settings_folder(job.kind), names.STATE_FOLDER):
        yield Directory(path=folder, origins=origins)
    yield File(path=program, content=Content.of(program_text(job.kind)), mode="0755", origins=origins)
    yield File(path=settings, content=Content.of(job.settings), origins=origins)
    yield File(path=service, content=Content.of(job.service), origins=origins)
    times = units.timer(f"opspact {job.kind} {job.policy}: {job.schedule.text}", on_calendar(job.schedule, job.zone))
    yield File(path=timer, content=Content.of(times), origins=origins)
    yield Unit(name=f"{job.name}.timer", watches=(service, timer), origins=origins)


def as_json(settings: Mapping[str, object]) -> str:
    """Given settings, return the file that the on-host program reads."""
    return json.dumps(settings, ensure_ascii=False, indent=1) + "\n"
