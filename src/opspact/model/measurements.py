"""What was measured so far, as far as it bears on whether promises can be kept.

Comes in: events of the ledger, gathered by the caller. Goes out: measurements for rules.
"""

from collections.abc import Mapping
from datetime import datetime

from opspact.structs import Struct, field


class Measurement(Struct):
    """Something that was measured: a number (its unit stands where it is used) and the instant, in UTC."""

    value: float
    at: datetime


class Measurements(Struct):
    """What the ledger knows; empty where there is none.

    `run_seconds`: the longest of the latest runs of a job, by (host, job as `backup/daily`). `restore_seconds`: the
    latest measured restore, by (host, name of the backup); `stored_bytes`: what the latest copy added to its
    repository, by the same; `copies`: how many proven copies were made, by the same. `free_bytes`: free space for
    copies, by name of the backup server. `since`: when the record of this contract begins (None: there is no record).
    """

    run_seconds: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    restore_seconds: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    stored_bytes: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    free_bytes: Mapping[str, Measurement] = field(default_factory=dict)
    copies: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    since: datetime | None = None
