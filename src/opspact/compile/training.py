"""The kind `training`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, RecordSource, Scheduled

_TOLERANCE = timedelta(days=1)


def training_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record owed of each person, or of the training where it names none.

    The records are those of the policy itself (`done`).
    """
    zone = ZoneInfo(contract.zone)
    for training in contract.trainings.values():
        due = Scheduled(training.schedule, zone, _TOLERANCE) if training.schedule else None
        subjects = [(f"person/{name}", training.done.get(name)) for name in training.audience]
        for subject, day in subjects or [(training.origin.policy, None)]:
            yield Obligation(
                training.origin,
                subject,
                "training record",
                Proof.RECORD,
                due=due,
                source=RecordSource(day, zone) if day else None,
                reason="not recorded; add the day to `done`",
            )
