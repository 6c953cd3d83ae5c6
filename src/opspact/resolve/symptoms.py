"""Symptoms by which people recognise what an emergency or a runbook is about.

Comes in: symptoms as written. Goes out: their meaning.
"""

from opspact.model.policies.runbook import Symptoms
from opspact.schema.documents import emergency as written_emergency


def resolve_symptoms(written: written_emergency.Symptoms | None) -> Symptoms:
    """Given symptoms as written (None: none are), return their meaning."""
    return Symptoms(written.zh, written.en) if written else Symptoms()
