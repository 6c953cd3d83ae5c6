"""The kind `training`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.training import Training
from opspact.obligations.obligation import Obligation, Proof, RecordSource, Scheduled

_TOLERANCE = timedelta(days=1)


def training_obligations(training: Training, contract: Contract) -> Iterator[Obligation]:
    """Given a training and its contract, yield the record owed of each person, or of the training where it names none.

    The records are those of the policy itself (`done`).
    """
    due = Scheduled(training.schedule, ZoneInfo(contract.zone), _TOLERANCE) if training.schedule else None
    subjects = [(f"person/{name}", training.done.get(name)) for name in training.audience]
    for subject, day in subjects or [(f"training/{training.name}", None)]:
        yield Obligation(
            training.origin,
            subject,
            "training record",
            Proof.RECORD,
            due=due,
            source=RecordSource(day) if day else None,
            reason="nobody recorded it; name the day in `done`",
        )
