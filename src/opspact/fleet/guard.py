"""What keeps the commands of a run from writing on a host that another run has taken (`fleet.fence`).

Comes in: nothing. Goes out: Guard, and by which exit status and words a command says that it did nothing.
"""

from opspact.structs import Struct

FENCED = 76
"""The exit status of a guarded command that did nothing, since another run has taken the host."""
FENCED_BY = "taken by run "
"""What such a command says, before the name of that run."""


class Guard(Struct):
    """What keeps a session's commands from writing once another run has taken the host (`fleet.fence`).

    `mark` is set in the environment of each; `check` comes before it, and ends it with FENCED and FENCED_BY.
    """

    mark: str
    check: str
