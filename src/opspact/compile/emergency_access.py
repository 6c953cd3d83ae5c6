"""Emergency access: what lets a host open accounts for a time and close them by itself, and the review that is owed.

Comes in: access policies with `emergency`, the day for which they are compiled. Goes out: portions, obligations.
"""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from opspact.compile import units
from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion
from opspact.compile.sudo_rules import sudo_commands
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import emergency_access_job
from opspact.model.policies.access import Access, Emergency
from opspact.obligations.obligation import AfterEach, Obligation, PersonSource, Proof
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.host_program import ACCOUNT_ACCESS
from opspact.steps.package import Package
from opspact.steps.unit import Unit

REVIEW = "review of emergency access"
"""What somebody records after each grant."""
_CLOSING = names.program("account_access")
_PRIVATE = "0700"


def emergency_access_portion(access: Access, emergency: Emergency, contract: Contract, *, day: date) -> Portion:
    """Given a policy of emergency access and a day, return its steps. Who is not with the contract then has none."""
    people = [person for name in access.people if (person := contract.people[name]).works_on(day)]
    job, origins = emergency_access_job(access), (access.origin,)
    path_unit = f"{job.unit_name}.path"
    settings = {
        "folder": names.emergency_grants(access.name),
        "rules": names.sudoers(access.name),
        "unit": path_unit,
        "closing": _CLOSING,
        "at_most": emergency.at_most.seconds,
        "groups": access.groups,
        "commands": sudo_commands(access),
        "people": {
            names.emergency_account(person.account): {
                "person": person.name,
                "shell": person.shell,
                "keys": person.keys,
            }
            for person in people
        },
    }
    steps = list(job_steps(job, settings, zone=contract.zone))
    if access.sudo:
        steps.append(Package(name="sudo", origins=origins))
    steps.append(File(path=_CLOSING, content=ACCOUNT_ACCESS.content, mode="0755", origins=origins))
    steps += _opened_by(path_unit, units.path(job, names.emergency_grants(access.name)), access)
    steps += (
        EmergencyAccess(
            account=names.emergency_account(person.account),
            policy=access.name,
            groups=access.groups,
            origins=tuple(sorted({access.origin, person.origin})),
        )
        for person in people
    )
    return Portion(access.hosts, tuple(steps))


def _opened_by(unit: str, text: str, access: Access) -> Iterator[Step]:
    """Yield what starts the program as long as something is granted, after a start of the host too."""
    origins, file = (access.origin,), names.unit_file(unit)
    for folder in (names.EMERGENCY_FOLDER, names.emergency_grants(access.name)):
        yield Directory(path=folder, mode=_PRIVATE, origins=origins)
    yield File(path=file, content=Content.of(text), origins=origins)
    yield Unit(name=unit, watches=(file,), origins=origins)


def emergency_access_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield that each emergency access is reviewed once it is over."""
    zone = ZoneInfo(contract.zone)
    for access in contract.accesses:
        if access.emergency is not None:
            due = AfterEach(access.emergency.review_within.time, access.emergency.review_within.text)
            source = PersonSource(access.origin.policy, REVIEW, zone)
            yield Obligation(access.origin, access.origin.policy, REVIEW, Proof.RECORD, due=due, source=source)
