"""A job on a host: its program, its settings, its service and its timer, as steps.

In: jobs and the settings of their programs. Out: steps.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files as resources

from opspact.compile import units
from opspact.model import names
from opspact.model.guard_periods import GuardInspection
from opspact.model.job import HostJob, Job, RequestedJob
from opspact.model.origin import Origin
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.unit import Unit

READER = "reader"
"""The on-host program that answers what waits to be collected."""

_FUTURE = "from __future__ import annotations\n"
_PART = re.compile(r"^from opspact\.onhost\.(\w+) import (?:[^\n(]+|\([^)]*\))\n", re.MULTILINE)


def program_text(name: str) -> str:
    """Given the name of a program in `onhost`, return it as one file: its parts, each before what imports it, then it.

    Parts are the modules of `onhost` that it imports, and those that they import. All are read, never imported.
    """
    head, _, _ = _onhost(name).partition(_FUTURE)
    bodies = (_PART.sub("", _onhost(part).partition(_FUTURE)[2]) for part in _parts(name))
    return head + _FUTURE + "".join(bodies)


def _parts(name: str) -> tuple[str, ...]:
    """Return a module's parts, in order, and the module."""
    found = [part for match in _PART.finditer(_onhost(name)) for part in _parts(match[1])]
    return tuple(dict.fromkeys((*found, name)))


@cache
def _onhost(name: str) -> str:
    return resources("opspact.onhost").joinpath(f"{name}.py").read_text(encoding="utf-8")


def job_steps(
    job: Job, settings: Mapping[str, object], *, zone: str, denser: Sequence[GuardInspection] = ()
) -> Iterator[Step]:
    """Given a job, its program's settings and the zone of its schedule, yield what puts it on a host, its timer too.

    `denser`: what guard periods ask of it there; the timer is what they want of the host.
    """
    service, timer = names.unit_file(f"{job.unit_name}.service"), names.unit_file(f"{job.unit_name}.timer")
    yield from _program_steps(job, settings, (job.origin,))
    origins = (job.origin, *(each.window.origin for each in denser))
    text = units.timer(job, zone, [each.schedule for each in denser])
    yield File(path=timer, content=Content.of(text), origins=origins)
    yield Unit(name=f"{job.unit_name}.timer", watches=(service, timer), origins=origins)


def requested_job_steps(job: RequestedJob, settings: Mapping[str, object]) -> Iterator[Step]:
    """Given a job that runs when somebody asks for it, and its program's settings, yield what puts it on a host."""
    yield from _program_steps(job, settings, (job.origin,))


def _program_steps(job: HostJob, settings: Mapping[str, object], origins: tuple[Origin, ...]) -> Iterator[Step]:
    for folder in (names.PROGRAM_FOLDER, names.SETTINGS_FOLDER, names.settings_folder(job.key), names.STATE_FOLDER):
        yield Directory(path=folder, origins=origins)
    for name in (READER, job.kind.program):
        yield File(path=names.program(name), content=Content.of(program_text(name)), mode="0755", origins=origins)
    text = json.dumps({"job": job.key, **settings}, ensure_ascii=False, indent=1) + "\n"
    yield File(path=names.settings(job.key), content=Content.of(text), origins=origins)
    service = names.unit_file(f"{job.unit_name}.service")
    yield File(path=service, content=Content.of(units.service(job)), origins=origins)
