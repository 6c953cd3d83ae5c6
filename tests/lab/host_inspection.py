"""Inspections of lab hosts, carried out by systemd as on any host: program, settings and service, and then a start."""

import json
from typing import Any

from backing_up import On, job_of, program

from opspact.compile import units
from opspact.model import names
from opspact.model.job import INSPECTION


def lay_out_program(on: On) -> None:
    on.write(names.program("inspection"), program("inspection"))


def inspect(on: On, policy: str, *items: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Inspect a host that has the program; return the exit status and the result."""
    job = job_of(INSPECTION, policy)
    unit = f"{job.unit_name}.service"
    on.write(names.settings(job.key), json.dumps({"job": job.key, "items": items}))
    on.write(names.unit_file(unit), units.service(job))
    return on.start(unit), on.newest_result(job.key)
