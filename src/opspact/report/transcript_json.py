"""The record of a run for scripts.

Comes in: a transcript. Goes out: JSON.
"""

from datetime import datetime

from opspact.ledger.events import Recorded
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStepEnded
from opspact.model.text import Text
from opspact.report.document import document
from opspact.runbook.transcript import Transcript, TranscriptApproval, TranscriptAttempt, TranscriptStep
from opspact.text.instants import format_instant_in_utc


def transcript_json(found: Transcript) -> str:
    """Given a transcript, return it for scripts; times in UTC."""
    started, made = found.run.started, found.text.procedure
    event = started.event
    return document(
        "runbook-transcript",
        {
            "run": event.run,
            "runbook": event.runbook,
            "text": _text(made.runbook.text if made else None),
            "text_is_of_the_run": found.text.is_same,
            "digest": event.digest,
            "clauses": list(made.runbook.origin.clauses) if made else [],
            "risk": made.runbook.risk.value if made else None,
            "state": found.run.word,
            "drill": event.drill,
            "targets": list(event.targets),
            "inputs": dict(event.inputs),
            "secrets": [name for name, each in found.inputs.items() if each is not None and each.secret is not None],
            "actor": started.actor,
            "person": event.person,
            "commit": started.commit,
            "began": format_instant_in_utc(started.at),
            "ended": _instant(found.ended),
            "seconds_to_cure": found.seconds_to_cure,
            "abandoned": found.abandoned.event.reason if found.abandoned else None,
            "attempts": [_attempt(each) for each in found.attempts],
            "steps": [_step(each) for each in found.steps],
            "ledger": {
                "first": str(found.first),
                "last": str(found.last),
                "events": found.events,
                "intact": not found.breaks,
                "breaks": [{"event": each.sequence, "message": each.message} for each in found.breaks],
            },
        },
    )


def _text(text: Text | None) -> dict[str, str] | None:
    return {"zh": text.zh, "en": text.en} if text else None


def _instant(at: datetime | None) -> str | None:
    return format_instant_in_utc(at) if at else None


def _attempt(each: TranscriptAttempt) -> dict[str, object]:
    started, end = each.started, each.end
    return {
        "attempt": started.event.attempt,
        "actor": started.actor,
        "commit": started.commit,
        "began": format_instant_in_utc(started.at),
        "ended": _instant(end.at if end else None),
        "outcome": end.event.outcome.value if end else None,
        "detail": end.event.detail if end else "",
        "signal": end.event.signal if end else 0,
        "interrupted_in": each.interrupted_in,
        "event": str(started.head),
    }


def _step(step: TranscriptStep) -> dict[str, object]:
    return {
        "step": step.name,
        "text": _text(step.text),
        "results": [_result(each) for each in step.results],
        "answers": [_answer(each) for each in step.answers],
        "approvals": [_approval(each) for each in step.approvals],
        "notices": [
            {"recipient": it.event.recipient, "message": it.event.message, "at": _instant(it.at), "event": str(it.head)}
            for it in step.notices
        ],
    }


def _result(each: Recorded[RunbookStepEnded]) -> dict[str, object]:
    event = each.event
    return {
        "host": event.host,
        "attempt": event.attempt,
        "actor": each.actor,
        "commit": each.commit,
        "action": event.action,
        "outcome": event.outcome.value,
        "command": list(event.command),
        "digest": event.digest,
        "exit_code": event.exit_code,
        "changed": event.changed,
        "began": format_instant_in_utc(event.started),
        "ended": format_instant_in_utc(event.ended),
        "tries": event.tries,
        "output": event.output,
        "error_output": event.error_output,
        "size": event.size,
        "values": dict(event.values),
        "hidden": list(event.hidden),
        "detail": event.detail,
        "following": event.following,
        "event": str(each.head),
    }


def _answer(each: Recorded[RunbookAnswered]) -> dict[str, object]:
    return {
        "question": each.event.question,
        "answer": each.event.answer,
        "actor": each.actor,
        "at": format_instant_in_utc(each.at),
        "attachments": [
            {"name": it.name, "file": it.file, "size": it.size, "sha256": it.sha256} for it in each.event.attachments
        ],
        "event": str(each.head),
    }


def _approval(each: TranscriptApproval) -> dict[str, object]:
    event = each.recorded.event
    return {
        "person": event.person,
        "roles": list(event.roles),
        "fingerprint": event.fingerprint,
        "approved": format_instant_in_utc(event.approved),
        "received": format_instant_in_utc(each.recorded.at),
        "requester": event.requester,
        "digest": event.digest,
        "signature": event.signature,
        "valid": None if each.proof is None else not each.proof.why,
        "why": each.proof.why if each.proof else "",
        "event": str(each.recorded.head),
    }
