"""What somebody did on this host, as the journal says it. Part of the program `log_review`.

In: nothing. Out: a value that the readers of lines make and the review adds up.
"""

from __future__ import annotations

from typing import NamedTuple


class Activity(NamedTuple):
    """Something that somebody did: when (microseconds since the epoch), what, who, from where, how, what exactly.

    `method`: of a login how it was proved, of one to a database which server it was, of a command as whom it ran, of a
    refused one why it was refused.
    """

    at: int
    # login, failed, dropped, witness, session, command, unproven, refused, change, database, database failed
    kind: str
    user: str
    address: str = ""
    method: str = ""
    detail: str = ""
    times: int = 1
