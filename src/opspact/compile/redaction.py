"""The kind `redaction`: its patterns on every host that keeps results, as steps, and what it owes in time.

Comes in: a contract. Goes out: portions, obligations.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

from opspact.compile.portion import Portion
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.policies.redaction import Redaction
from opspact.obligations.obligation import Obligation, Proof, RedactionSource, State, Within, not_carried_out
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File

_CHECKED_WITHIN = timedelta(days=31)
"""How old the newest check of a redaction may be; its clauses may ask for more."""


def redaction_portions(contract: Contract) -> Iterator[Portion]:
    """Given a contract, yield the steps of its redactions, on each host that keeps results of jobs."""
    with_jobs = {host for job in contract_jobs(contract) for host in job.hosts}
    hosts = tuple(host for host in contract.inventory.hosts if host in with_jobs)
    for redaction in contract.redactions if hosts else ():
        yield Portion(hosts, tuple(_steps(redaction)))


def _steps(redaction: Redaction) -> Iterator[Step]:
    origins = (redaction.origin,)
    for folder in (names.SETTINGS_FOLDER, names.REDACTIONS):
        yield Directory(path=folder, origins=origins)
    text = json.dumps(redaction.as_data(), ensure_ascii=False, indent=1) + "\n"
    yield File(path=f"{names.REDACTIONS}/{redaction.name}.json", content=Content.of(text), origins=origins)


def redaction_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its redactions owe: that their sample lines are masked in the ledger."""
    for redaction in contract.redactions:
        origin = redaction.origin
        if not redaction.hides:
            reason = "no lines under hides show that it masks anything"
            yield not_carried_out(origin, "redaction", proof=Proof.CHECK, reason=reason)
            continue
        source = RedactionSource(origin.policy, redaction.samples)
        due = Within(_CHECKED_WITHIN, State.LATE)
        yield Obligation(origin, origin.policy, "redaction check", Proof.CHECK, due=due, source=source)
