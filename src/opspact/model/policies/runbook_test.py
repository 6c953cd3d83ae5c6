"""The kind `runbook_test`, as it is meant: runs of a runbook with answers in place of hosts and people.

Comes in: values from `resolve.contract`. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from typing import Literal

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct

FaultOutcome = Literal["done", "failed", "lost", "timeout"]
End = Literal["done", "failed", "rolled back", "waiting"]


class Fault(Struct, kw_only=True):
    """What a step gives on a host (empty: on each), so many times (None: always)."""

    step: str
    host: str = ""
    outcome: FaultOutcome = "done"
    exit_code: int | None = None
    output: str = ""
    error_output: str = ""
    changed: bool | None = None
    times: int | None = None


class Expectation(Struct):
    """What a run must come to: its end, the steps that were carried out with their outcomes, values."""

    end: End
    steps: Mapping[str, str]
    values: Mapping[str, str]


class RunbookCase(Struct, kw_only=True):
    """One run. `answers` by step, by value, or by both with a point between."""

    name: str
    text: Text
    targets: tuple[str, ...]
    inputs: Mapping[str, str]
    answers: Mapping[str, str]
    attached: tuple[str, ...]
    approved: tuple[str, ...]
    faults: tuple[Fault, ...]
    expectation: Expectation


class RunbookTest(Struct):
    """Cases of one runbook."""

    name: str
    runbook: str
    cases: tuple[RunbookCase, ...]
    origin: Origin
