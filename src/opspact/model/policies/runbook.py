"""The kind `runbook`, as it is meant: what operators do, step by step.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration


class Symptoms(Struct):
    """What people see and say, by language."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class RunbookStep(Struct):
    """One step: `doing` says whether commands are run, a command looks, or somebody does it by hand.

    `command` is empty for what is done by hand, `by_hand` is None otherwise. `hosts` are all on which it is done (none:
    it is done elsewhere). `restore_point` is a backup's name, `approval` an approval's, or empty.
    """

    text: Text
    doing: str
    command: str
    by_hand: Text | None
    contains: str
    hosts: tuple[str, ...]
    within: Duration
    destructive: bool
    approval: str
    restore_point: str
    origin: Origin


class Runbook(Struct):
    """A procedure for operators."""

    name: str
    text: Text
    symptoms: Symptoms
    steps: tuple[RunbookStep, ...]
    origin: Origin
