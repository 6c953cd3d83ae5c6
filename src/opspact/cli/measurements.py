"""The measurements of a contract's ledger, for commands that judge policies by what was measured.

Comes in: where the ledger is. Goes out: measurements.
"""

from datetime import datetime

from opspact.errors import NothingFound
from opspact.evidence.measurements import gather_measurements
from opspact.ledger.store import open_ledger
from opspact.model.contract import Contract
from opspact.model.measurements import Measurements


def known(target: str, contract: Contract, now: datetime) -> Measurements:
    """Given a ledger's path or URL, return what it knows about a contract; nothing where there is none yet.

    Raise the ledger's own errors when it cannot be read.
    """
    try:
        with open_ledger(target, create=False, wait=2.0) as ledger:
            return gather_measurements(ledger, contract, now=now)
    except NothingFound:
        return Measurements()
