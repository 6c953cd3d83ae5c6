"""The volumes that inspections judged on control charts, as their results recorded them.

Comes in: a ledger, jobs on hosts. Goes out: the values of each item with the limits that its host has frozen.

Of a host that lost its limits, those that it recorded last are still known here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from math import isfinite

from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model.names import job_subject
from opspact.model.result import Item, Verdict
from opspact.structs import Struct

ITEM = "database_growth_rows"
"""The item whose results are judged on control charts."""

_LEAST_SIGMA, _FARTHEST = 1e-6, 100.0
"""Logarithms beyond these are none of a volume: hosts are not trusted."""


class RecordedVolume(Struct, kw_only=True):
    """The volume of one interval (None: unknown), when it was measured (UTC) and what the host said of it.

    `usual` is the usual volume, `residual` the logarithm of how many times that it is, `ewma` the weighted mean of the
    residuals with it, the `number`-th one. None of these: it was not compared.
    """

    at: datetime
    verdict: Verdict
    message: str
    value: float | None
    usual: float | None = None
    residual: float | None = None
    ewma: float | None = None
    number: int = 0


class VolumeHistory(Struct, kw_only=True):
    """The volumes of one item (`subject`) since its present baseline, oldest first.

    `mean` and `sigma` of the residuals are the frozen limits; None: there are none yet.
    """

    job: str
    host: str
    subject: str
    unit: str
    baseline: str
    mean: float | None
    sigma: float | None
    volumes: tuple[RecordedVolume, ...]


def volume_histories(
    ledger: Ledger, contract: str, jobs: Iterable[tuple[str, str]], *, most: int
) -> Iterator[VolumeHistory]:
    """Given a ledger, a contract and jobs on hosts, yield what was recorded of each item in the newest `most` runs."""
    for job, host in jobs:
        found: dict[str, list[tuple[datetime, Item]]] = {}
        events = ledger.read(JobResult, contract=contract, subject=job_subject(job, host), newest_first=True)
        for event in islice(events, most):
            result = event.event.result
            for item in result.items if result.started else ():
                if item.item == ITEM and result.started:
                    found.setdefault(item.subject, []).append((result.started, item))
        for subject, seen in found.items():
            yield _history(job, host, subject, seen=seen)


def _history(job: str, host: str, subject: str, *, seen: list[tuple[datetime, Item]]) -> VolumeHistory:
    """Given what was seen of an item, newest first, return its history since the present baseline."""
    baseline = _baseline(seen[0][1])
    present = [(at, item) for at, item in seen if _baseline(item) == baseline]
    limits = next((each for _, item in present if (each := _limits(item))), (None, None))
    return VolumeHistory(
        job=job,
        host=host,
        subject=subject,
        unit=str(next((item.facts.get("unit") for _, item in present if item.facts.get("unit")), "")),
        baseline=baseline,
        mean=limits[0],
        sigma=limits[1],
        volumes=tuple(_volume(at, item) for at, item in reversed(present)),
    )


def _volume(at: datetime, item: Item) -> RecordedVolume:
    number = item.facts.get("number")
    return RecordedVolume(
        at=at,
        verdict=item.verdict,
        message=item.message,
        value=_number(item.facts.get("value")),
        usual=_number(_of_limits(item, "usual")),
        residual=_logarithm(item.facts.get("residual")),
        ewma=_logarithm(item.facts.get("ewma")),
        number=number if isinstance(number, int) and number > 0 else 0,
    )


def _baseline(item: Item) -> str:
    return str(_of_limits(item, "baseline") or "")


def _limits(item: Item) -> tuple[float, float] | None:
    mean, sigma = _logarithm(_of_limits(item, "mean")), _number(_of_limits(item, "sigma"))
    return None if mean is None or sigma is None or not _LEAST_SIGMA <= sigma <= _FARTHEST else (mean, sigma)


def _of_limits(item: Item, name: str) -> object:
    match item.facts.get("limits"):
        case dict() as limits:
            return limits.get(name)
    return None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if is_number and isinstance(value, int | float) else None


def _logarithm(value: object) -> float | None:
    number = _number(value)
    return None if number is None or abs(number) > _FARTHEST else number
