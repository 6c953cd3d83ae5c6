"""The steps of runbooks, for rules: each with its runbook, its place, its hosts, the word by which it is written.

Comes in: a rule context. Goes out: steps.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from opspact.analyse.rule import RuleContext
from opspact.model import runbook_actions as actions
from opspact.model.policies.runbook import Runbook, RunbookStep, StepHosts
from opspact.structs import Struct

Path = tuple[str | int, ...]


class LocatedStep(Struct):
    """A step where it is written."""

    runbook: Runbook
    index: int
    step: RunbookStep

    @property
    def policy(self) -> str:
        """Return the runbook as a policy."""
        return str(self.runbook.origin.policy)

    @property
    def key(self) -> tuple[str, int]:
        """Return what it is found by: its runbook's name, and its index."""
        return self.runbook.name, self.index

    @property
    def subject(self) -> str:
        """Return what tells its findings from those of other steps."""
        return f"step {self.step.name}"

    @property
    def called(self) -> str:
        """Return what it is called in messages."""
        return f"step {self.step.name} of {self.runbook.name}"

    @property
    def action_path(self) -> Path:
        """Return where its action is written."""
        return self.path(action_word(self.step.action))

    def path(self, *below: str | int) -> Path:
        """Return where something of it is written."""
        return ("steps", self.index, *below)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return every host on which it may be carried out."""
        return possible_hosts(self.runbook, self.step.hosts)


def possible_hosts(runbook: Runbook, hosts: StepHosts) -> tuple[str, ...]:
    """Given where something of a runbook is done, return every host on which that may be."""
    if hosts.input:
        return runbook.inputs[hosts.input].hosts if hosts.input in runbook.inputs else ()
    return hosts.names or runbook.hosts


def action_word(action: actions.Action) -> str:
    """Given an action, return the word by which its step has it."""
    return actions.ACTION_NAMES[type(action)]


def located_steps(context: RuleContext) -> tuple[LocatedStep, ...]:
    """Given a rule context, return every step of every runbook."""
    return tuple(located for runbook in context.contract.runbooks for located in steps_of(runbook))


def steps_of(runbook: Runbook) -> tuple[LocatedStep, ...]:
    """Given a runbook, return its steps."""
    return tuple(LocatedStep(runbook, index, step) for index, step in enumerate(runbook.steps))


def runbooks_by_name(context: RuleContext) -> Mapping[str, Runbook]:
    """Given a rule context, return every runbook by its name."""
    return {each.name: each for each in context.contract.runbooks}


_MOST_STAGES = 1_000
"""So many stages of a run are looked at: runbooks that call each other could have any number."""


def stage_names(runbook: Runbook, runbooks: Mapping[str, Runbook]) -> tuple[str, ...]:
    """Given a runbook, and all of them by name, return the names that its steps have in a run, called ones too."""
    return tuple(islice(_stage_names(runbook, runbooks, frozenset()), _MOST_STAGES))


def _stage_names(runbook: Runbook, runbooks: Mapping[str, Runbook], above: frozenset[str]) -> Iterator[str]:
    within = above | {runbook.name}
    for step in runbook.steps:
        if not isinstance(step.action, actions.CallAction):
            yield step.name
        elif step.action.runbook in runbooks and step.action.runbook not in within:
            called = _stage_names(runbooks[step.action.runbook], runbooks, within)
            yield from (f"{step.name}-{name}" for name in called)


def format_suggestion(suggestion: str) -> str:
    """Given a suggestion for a wrong name, return it as a remedy; empty where there is none."""
    if not suggestion:
        return ""
    return f"{suggestion[0].upper()}{suggestion[1:]}{'' if suggestion.endswith('?') else '.'}"
