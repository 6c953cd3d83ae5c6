"""What opspact needs of a family's service manager. `systemd` beside this file is the one of Debian.

In: names of units. Out: tasks for Ansible, what a host's service manager answers, commands for its shell.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from opspact.steps.base import Task
from opspact.structs import Struct


class UnitState(Struct):
    """What a service manager says of a unit. `activity` and `enablement` are its own words, for messages.

    `problem`: why the unit cannot be loaded, empty when it can. `starting`: whether it may still come to run by itself;
    `start_limit`: the seconds that this may take. `started_at_boot`: whether its own enablement says so.
    `stamp_problem`: why a timer that runs would miss or repeat a run when the host starts; empty: it would not.
    """

    problem: str
    activity: str
    enablement: str
    running: bool
    starting: bool
    start_limit: float
    enabled: bool
    started_at_boot: bool
    masked: bool
    definition_changed: bool
    stamp_problem: str = ""


class ServiceManager(Protocol):
    """A module that speaks of units to hosts of one family."""

    TIMER: str
    """How the names of units end that start others at set times."""

    PROGRAMS: str
    """The shell that prints what the unit `$unit` is made of; not 0 when nobody knows."""

    def start(self, unit: str, *, enabled: bool, definitions: Iterable[str]) -> tuple[Task, ...]:
        """Given a unit and the names of units that are defined here, return the tasks that start it.

        A timer waits for its next time then: nothing that its schedule had in the past is started.
        """

    def stop(self, unit: str, *, enabled: bool) -> Task:
        """Given a unit that stays defined, return the task that stops it."""

    def remove(self, unit: str) -> Task:
        """Given a unit, return the task that stops and disables it; one that is gone already is fine."""

    def unit_state(self, unit: str, lines: Sequence[str]) -> UnitState:
        """Given a unit and what was printed of it, return its state. Raise ValueError for an incomplete answer."""

    def programs(self, printed: str) -> Collection[str]:
        """Given what `PROGRAMS` printed of a unit, return the paths of its definition and of what it starts."""
