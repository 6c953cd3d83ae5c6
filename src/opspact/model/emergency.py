"""Emergencies and runbooks, as they are meant.

Comes in: values from `model.resolve_emergencies`. Goes out: frozen values, held by the contract's conduct.
"""

from dataclasses import dataclass

from opspact.model.origin import Origin
from opspact.model.text import Text


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What people see and say, by language."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """One step: `doing` says whether commands are run, a command looks, or somebody does it by hand.

    `command` is empty for what is done by hand, `by_hand` is None otherwise. `hosts` are all on which it is done (none:
    it is done elsewhere). `within` in seconds; `restore_point` is a backup's name, `approval` an approval's, or empty.
    """

    text: Text
    doing: str
    command: str
    by_hand: Text | None
    contains: str
    hosts: tuple[str, ...]
    within: float
    destructive: bool
    approval: str
    restore_point: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Runbook:
    """A procedure for operators."""

    name: str
    text: Text
    symptoms: Symptoms
    steps: tuple[RunbookStep, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency that is prepared for.

    `prevented_by` are policies as `kind/name`, `by_hand` what people do; `drill_within` in seconds, or None.
    """

    name: str
    text: Text
    symptoms: Symptoms
    prevented_by: tuple[str, ...]
    by_hand: tuple[Text, ...]
    handling: Text | None
    runbook: str
    drill_within: float | None
    origin: Origin
