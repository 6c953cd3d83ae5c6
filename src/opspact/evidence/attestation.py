"""What an attestation says: an in-toto statement (v1) of what was planned, applied and verified, failures included.

In: events of the ledger, its head, who attests. Out: the statement's bytes. The ledger's own words are repeated as they
are; the only judgement is `result`, and it is never better than the worst of what is listed.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from opspact.evidence.attested_events import Attested, AttestedEvent
from opspact.evidence.shortfall import Shortfall, result_of, shortfalls
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostChecked, HostOutcome
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped
from opspact.ledger.canonical import canonical_json, time_text
from opspact.ledger.event import Head
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunFinished
from opspact.model.names import ATTESTATION_TYPE
from opspact.structs import Struct

_STATEMENT = "https://in-toto.io/Statement/v1"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

Data = dict[str, object]
"""Plain data, as JSON has it."""


class Attestation(Struct):
    """Who attests when, for which contract, from a ledger that ends with which head."""

    at: datetime
    actor: str
    contract: str
    head: Head


def statement(attestation: Attestation, attested: Attested) -> bytes:
    """Given who attests and what, return the in-toto statement."""
    subjects = _subjects(attestation, attested.events)
    whole = {"_type": _STATEMENT, "subject": subjects, "predicateType": ATTESTATION_TYPE}
    return canonical_json({**whole, "predicate": _predicate(attestation, attested)}).encode()


def _subjects(attestation: Attestation, events: Iterable[Recorded[AttestedEvent]]) -> list[Data]:
    """Return what the statement is about: plans and commits by their digests, and the ledger by its head."""
    plans: dict[str, Data] = {}
    for each in events:
        if _SHA256.match(each.plan_digest):
            plans[f"plan/{each.plan_digest[:12]}"] = {"sha256": each.plan_digest}
        if _COMMIT.match(each.commit):
            plans[f"commit/{each.commit[:12]}"] = {"gitCommit": each.commit}
    plans[f"ledger/{attestation.contract}"] = {"sha256": attestation.head.hash}
    return [{"name": name, "digest": digest} for name, digest in plans.items()]


def _predicate(attestation: Attestation, attested: Attested) -> Data:
    events = attested.events
    found = tuple(shortfalls(attested))
    return {
        "contract": attestation.contract,
        "attested": {"at": time_text(attestation.at), "actor": attestation.actor},
        "ledger": {"head": str(attestation.head)},
        "selection": attested.selection,
        "planned": [_common(each) | _of_start(each.event) for each in events if isinstance(each.event, ApplyStarted)],
        "approved": [
            _common(each) | _of_approval(each.event) for each in events if isinstance(each.event, ApprovalReceived)
        ],
        "approvals_skipped": [
            _common(each) | _of_skipped(each.event) for each in events if isinstance(each.event, ApprovalSkipped)
        ],
        "applied": [_common(each) | _of_end(each.event) for each in events if isinstance(each.event, ApplyFinished)],
        "runs": [_common(each) | _of_run(each.event) for each in events if isinstance(each.event, RunFinished)],
        "verified": [_common(each) | _of_check(each.event) for each in events if isinstance(each.event, HostChecked)],
        "failures": [_told(each) for each in found if each.is_known],
        "unknown": [_told(each) for each in found if not each.is_known],
        "result": result_of(found),
        "events": {str(each.sequence): each.hash for each in events},
    }


def _common(each: Recorded[AttestedEvent]) -> Data:
    return {
        "event": each.sequence,
        "at": time_text(each.at),
        "actor": each.actor,
        "commit": each.commit,
        "plan": each.plan_digest,
    }


def _of_start(event: ApplyStarted) -> Data:
    hosts = {
        host: {action.value: list(steps) for action, steps in planned.items()} for host, planned in event.hosts.items()
    }
    return {"run": event.run, "contract_digest": event.contract_digest, "hosts": hosts}


def _of_approval(event: ApprovalReceived) -> Data:
    facts = {"approved_plan": event.plan, "person": event.person, "key": event.fingerprint, "roles": list(event.roles)}
    return {**facts, "signed": time_text(event.approved), "requester": event.requester, "signature": event.signature}


def _of_skipped(event: ApprovalSkipped) -> Data:
    facts = {"run": event.run, "policy": event.policy, "person": event.person, "reason": event.reason}
    return {**facts, "approvers": list(event.approvers), "hosts": list(event.hosts)}


def _of_end(event: ApplyFinished) -> Data:
    hosts = {host: _outcome(outcome) for host, outcome in event.hosts.items()}
    facts = {"run": event.run, "contract_digest": event.contract_digest, "converged": event.is_converged}
    return {**facts, "signal": event.signal, "notes": list(event.notes), "hosts": hosts}


def _outcome(outcome: HostOutcome) -> Data:
    return {"steps": outcome.planned, "ok": outcome.ok, "reach": outcome.reach.value, "why": outcome.why}


def _of_run(event: RunFinished) -> Data:
    facts = {"run": event.run, "attempt": event.attempt, "outcome": event.outcome.value}
    return {**facts, "detail": event.detail, "signal": event.signal}


def _of_check(event: HostChecked) -> Data:
    facts = {"host": event.host, "run": event.run, "by": event.source.value, "reach": event.reach.value}
    counts = {"detail": event.detail, "steps": event.planned, "ok": event.ok, "manifest": event.manifest}
    return {**facts, **counts, "not_ok": dict(event.not_ok)}


def _told(found: Shortfall) -> Data:
    return {"event": found.event, "host": found.host, "what": found.what}
