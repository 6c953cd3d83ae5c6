"""What the knowledge base holds, whatever it was made of.

In: a contract. Out: entries.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from opspact.model.contract import Contract
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook, Symptoms
from opspact.model.runbook_actions import (
    Action,
    AnsibleAction,
    BackupAction,
    CallAction,
    CommandAction,
    FabricAction,
    ManualAction,
    RestoreAction,
    ScriptAction,
)
from opspact.model.text import Text
from opspact.structs import Struct


class EntryKind(StrEnum):
    """What an entry was made of."""

    EMERGENCY = "emergency"
    RUNBOOK = "runbook"


class Entry(Struct):
    """One thing that can be found. `text`: all else that it says; `runbook`: the one to run, empty for none."""

    kind: EntryKind
    name: str
    title: Text
    symptoms: Symptoms
    text: str
    runbook: str

    @property
    def every_symptom(self) -> tuple[str, ...]:
        """The symptoms of both languages."""
        return *self.symptoms.zh, *self.symptoms.en


def entries_of(contract: Contract) -> tuple[Entry, ...]:
    """Given a contract, return its emergencies and runbooks as entries, but for those that make faults for drills."""
    runbooks = [each for each in contract.runbooks if not each.rehearsal_only]
    return *map(_of_emergency, contract.emergencies), *map(_of_runbook, runbooks)


def _of_emergency(emergency: Emergency) -> Entry:
    texts = [*emergency.by_hand, *([emergency.handling] if emergency.handling else [])]
    text = "\n".join([*_lines(texts), *emergency.prevented_by, emergency.runbook])
    return Entry(
        EntryKind.EMERGENCY, emergency.name, emergency.text, emergency.symptoms, text, runbook=emergency.runbook
    )


def _of_runbook(runbook: Runbook) -> Entry:
    texts = [*(each.text for each in runbook.preconditions), *(step.text for step in runbook.steps)]
    actions = [step.action for step in runbook.steps]
    texts += [action.text for action in actions if isinstance(action, ManualAction)]
    text = "\n".join([*_lines(texts), *map(_command, actions)])
    return Entry(EntryKind.RUNBOOK, runbook.name, runbook.text, runbook.symptoms, text, runbook=runbook.name)


def _command(action: Action) -> str:
    """Return what a step runs, so that it is found by the names of units, files and programs; empty for nothing."""
    match action:
        case CommandAction():
            found = " ".join(action.run)
        case ScriptAction():
            found = action.script
        case AnsibleAction():
            found = action.tasks
        case FabricAction():
            found = action.task
        case BackupAction() | RestoreAction():
            found = action.backup
        case CallAction():
            found = action.runbook
        case _:
            found = ""
    return found


def _lines(texts: Iterable[Text]) -> Iterator[str]:
    for text in texts:
        yield from dict.fromkeys((text.zh, text.en))
