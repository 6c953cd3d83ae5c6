"""What is done to data and when nothing may be: data care, code tables, log reviews and windows, as they are meant.

Comes in: values from `model.resolve_care`. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from opspact.model.origin import Origin
from opspact.model.schedule import Schedule

ALWAYS = "always"
"""The calendar that is there without being written: open at all times."""

_DAYS_IN_A_MONTH = 365.2425 / 12
_DAY = 86_400.0

Cell = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Age:
    """How long something is kept, or how old it may be: whole calendar months or else seconds; the other one is 0."""

    text: str
    months: int
    seconds: float

    @property
    def days(self) -> float:
        """The length in days, a month as long as it is on average (365.2425 / 12), for comparing."""
        return self.months * _DAYS_IN_A_MONTH + self.seconds / _DAY


@dataclass(frozen=True, slots=True)
class DataCare:
    """Old rows of a table: archived on `server`, read back, then purged, at most `batch` rows at once.

    `free_below`: also when less than so many per cent are free where the database lies (None: on schedule alone).
    `takes`: seconds (None: not said).
    """

    name: str
    hosts: tuple[str, ...]
    database: str
    table: str
    column: str
    older_than: Age
    server: str
    keep: Age
    schedule: Schedule
    free_below: float | None
    takes: float | None
    batch: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The rows that a table shall have; `key` tells them apart. `removes`: rows that are not written here go."""

    name: str
    hosts: tuple[str, ...]
    database: str
    table: str
    key: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    removes: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class LogReview:
    """A scheduled reading of logs. `off_hours` names a calendar, outside of which a login is told (empty: none is).

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


@dataclass(frozen=True, slots=True)
class Window:
    """Times of maintenance, or (`blackout`) times when nothing but `allows` may run.

    Either again and again, `length` seconds from when `schedule` is due; or from the first to the last of `days`.
    """

    name: str
    blackout: bool
    hosts: tuple[str, ...]
    schedule: Schedule | None
    length: float
    days: tuple[date, date] | None
    allows: frozenset[str]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Care:
    """All of it in one contract, each in the order of names."""

    data: tuple[DataCare, ...] = ()
    code_tables: tuple[CodeTable, ...] = ()
    log_reviews: tuple[LogReview, ...] = ()
    windows: tuple[Window, ...] = ()
