"""A systemd unit is enabled and running, and has read its files as they are now.

In: a unit's name and the files it reads. Out: a step.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from opspact.model import names
from opspact.model.origin import union
from opspact.steps.base import CheckedHost, StartDelay, Step, Task
from opspact.steps.configuration_test import configuration_test
from opspact.steps.operating_system import DEBIAN, OperatingSystem
from opspact.steps.question import ask
from opspact.steps.restart import RELOAD, RESTART, UNREAD, remove_record, restart_after_change, words
from opspact.steps.service_manager import UnitState
from opspact.steps.traits import FollowsSteps
from opspact.structs import replace
from opspact.values.secret import Secrets

_END = "end"


@dataclass(frozen=True, kw_only=True)
class Unit(Step, FollowsSteps):
    """The unit is (or is not) enabled and running.

    `watches` are files and links after whose change it is restarted, `reloads` those after whose change it is reloaded.
    `test` is a command for sh that must end with 0 before either; empty: the one that is known for such a unit, if any.
    """

    kind: ClassVar[str] = "unit"
    rank: ClassVar[int] = 80
    question: ClassVar[str] = (
        "is it enabled and running, or neither, as the policy says, and has it read its files since they changed?"
    )

    system: ClassVar[OperatingSystem] = DEBIAN
    """The family of the hosts' operating systems; docs/decisions/0032."""

    name: str
    enabled: bool = True
    running: bool = True
    watches: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    test: str = ""

    @property
    def subject(self) -> str:
        """The unit's full name."""
        return self.name

    @property
    def order(self) -> tuple[int, str]:
        """Timers that are defined here come before all other units.

        What their changed schedules had in the past would be started by whatever unit has systemd reload before them.
        """
        is_timer = self.running and self.name.endswith(self.system.services.TIMER)
        return (self.rank - (is_timer and names.unit_file(self.name) in self.watches), self.name)

    @property
    def paths_read(self) -> tuple[str, ...]:
        """The paths of what it reads."""
        return tuple(dict.fromkeys((*self.watches, *self.reloads)))

    @property
    def follows(self) -> tuple[str, ...]:
        """The files and links that it reads."""
        return tuple(f"{kind} {path}" for path in self.paths_read for kind in ("file", "link", "secret-file"))

    def tasks(self) -> tuple[Task, ...]:
        """Start it, then restart or reload it when it has not read its files as they are; or stop it."""
        services = self.system.services
        if not self.running:
            return (services.stop(self.name, enabled=self.enabled),)
        defined_here = [path.rpartition("/")[2] for path in self.watches if path.startswith(names.UNIT_FOLDER)]
        test = self.test or configuration_test(self.name)
        return (
            *services.start(self.name, enabled=self.enabled, definitions=defined_here),
            restart_after_change(self.name, self.watches, self.reloads, test=test),
        )

    def removal(self) -> tuple[Task, ...]:
        """Stop and disable it; a unit that is gone already is fine."""
        return (self.system.services.remove(self.name), remove_record(self.name))

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is wrong with its state or enablement, and which files it has not read."""
        state, unread = self._seen(host)
        if state.problem:
            if self.running or self.enabled:
                yield f"cannot be loaded ({state.problem})"
            return
        if state.masked:
            yield "is masked"
        if self.running is not state.running:
            text = f"is {state.activity}, expected {'running' if self.running else 'stopped'}"
            yield StartDelay(text, state.start_limit) if self.running and state.starting else text
        elif self.running:
            for how, paths in unread.items():
                yield f"has not been {how}ed since {', '.join(paths)} changed"
        if self.enabled is not state.enabled:
            yield f"is {state.enablement or 'not enabled'}, expected {'enabled' if self.enabled else 'disabled'}"
        if state.definition_changed:
            yield "systemd has not reloaded its changed unit file"
        elif state.stamp_problem:
            yield state.stamp_problem

    def present(self, host: CheckedHost) -> bool:
        """Whether it is running or enabled: what our removal would end."""
        state, _ = self._seen(host)
        return state.running or state.started_at_boot

    def _seen(self, host: CheckedHost) -> tuple[UnitState, Mapping[str, Sequence[str]]]:
        """Return its state, and the files that it has not read as they are now, by what that takes."""
        arguments = words(self.name, self.watches, self.reloads)
        outcome = ask(host, UNREAD, *arguments, failure=f"cannot ask systemd about {self.name}")
        *lines, end = outcome.stdout.splitlines() or [""]
        if end != _END:
            raise ValueError(f"incomplete answer about {self.name}: {outcome.stdout[:200]!r}")
        unread: dict[str, list[str]] = {}
        for how, _, path in (line.partition("\t") for line in lines if "\t" in line):
            if how not in {RESTART, RELOAD}:
                raise ValueError(f"unexpected answer about {self.name}: {how!r}")
            unread.setdefault(how, []).append(path)
        return self.system.services.unit_state(self.name, [line for line in lines if "\t" not in line]), unread

    def merged(self, other: Self) -> Self | None:
        """One unit that reads both policies' files, when both want it in the same state and no two tests differ."""
        if (self.enabled, self.running) != (other.enabled, other.running) or len({self.test, other.test} - {""}) > 1:
            return None
        return replace(
            self,
            watches=tuple(sorted({*self.watches, *other.watches})),
            reloads=tuple(sorted({*self.reloads, *other.reloads})),
            test=self.test or other.test,
            origins=union(self.origins, other.origins),
        )
