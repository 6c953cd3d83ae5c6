"""The kind `log_review`, as it is meant: a scheduled reading of logs.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule

ALWAYS = "always"
"""The calendar that is there without being written: open at all times."""


class LogReview(Struct):
    """A scheduled reading of logs. `off_hours` names a calendar, outside of which a login is reported (empty: none is).

    `failed_logins` of one account are strange, `failures_then_success` before a login, `many_users` that one address
    tries. `learn`: how long a host is watched before accounts, networks and keys count as new. An account is dormant
    without a login for `dormant_after`. `passwords`, `root_logins`: whether logins with passwords, as root, may be.
    `read_by` is the team or person that reads the reports (empty: nobody has to).
    """

    name: str
    hosts: tuple[str, ...]
    schedule: Schedule
    sources: tuple[str, ...]
    off_hours: str
    failed_logins: int
    failures_then_success: int
    many_users: int
    learn: Duration
    dormant_after: Duration
    passwords: bool
    root_logins: bool
    accounts_ignored: tuple[str, ...]
    read_by: str
    origin: Origin
