"""The kind `log_review`, as it is meant: a scheduled reading of logs.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.age import Age
from opspact.values.schedule import Schedule

ALWAYS = "always"
"""The calendar that is there without being written: open at all times."""


class LogReview(Struct):
    """A scheduled reading of logs. `off_hours` names a calendar, outside of which a login is reported (empty: none is).

    `failed_logins` of one account are strange; `keep` is how long reports are kept (None: nobody says).
    """

    name: str
    hosts: tuple[str, ...]
    schedule: Schedule
    sources: tuple[str, ...]
    off_hours: str
    failed_logins: int
    accounts_ignored: tuple[str, ...]
    read_by: str
    anomaly_opens: str
    keep: Age | None
    origin: Origin
