"""What the parent asks its Ansible worker to do: the one line that goes down the worker's standard input.

Comes in: values from `fleet.ansible`. Goes out: the same in the worker. Holds no secret.
"""

from opspact.structs import Struct


class Request(Struct, kw_only=True):
    """One run. Paths are texts; `secrets` is the number of an inherited memory file; `timeout` is in seconds."""

    folder: str
    project: str
    command_line: str
    forks: int
    verbosity: int
    timeout: float | None
    secrets: int
