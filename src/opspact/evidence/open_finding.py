"""What inspections and log reviews found and nothing has cleared since.

Comes in: their results. Goes out: open findings. That an inspection was made is another matter: the judge's.
"""

from datetime import datetime

from opspact.model.result import Verdict
from opspact.structs import Struct


class OpenFinding(Struct):
    """One item that the newest inspection of a host, or a log review that nobody read yet, did not find ok.

    `at` is when it was seen last (UTC).
    """

    policy: str
    host: str
    item: str
    verdict: Verdict
    message: str
    at: datetime
