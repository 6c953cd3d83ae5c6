"""Waves: in which order an apply changes hosts, and where it pauses.

In: the rollouts that count, a plan. Out: waves, which are the stages of the run; shown before, and carried out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import ceil

from opspact.errors import Refused
from opspact.model.policies.rollout import ChosenHosts, HostCount, HostShare, Pause, Rollout
from opspact.model.policies.rollout import Wave as WantedWave
from opspact.plan.change import Action
from opspact.plan.dependencies import host_dependencies
from opspact.plan.plan import Plan
from opspact.rollout.base import FIRST_APPLY, Base
from opspact.run.stage import Stage
from opspact.run.state import RunState, is_done
from opspact.structs import Struct, field, replace
from opspact.text.counts import format_count
from opspact.text.names import list_names

STAGE = "converge"
"""The one stage of an apply that no rollout divides."""
_ALL = 100  # per cent
_SHOWN = 5  # hosts named in a stage's description


class Gate(Struct):
    """What a wave must pass before the next one begins. `rollout` names the policy; empty: there is no gate."""

    rollout: str = ""
    verify: bool = True
    max_failures: int = 0
    settle_seconds: int = 0
    rollback: bool = True


class Wave(Struct):
    """Hosts that are changed together, or did not answer; or a pause, which has a reason and no hosts."""

    name: str
    description: str
    hosts: tuple[str, ...] = ()
    pause: str = ""
    gate: Gate = Gate()

    @property
    def rollback(self) -> str:
        """The name of the stage that rolls the wave back; empty: none does."""
        number = self.name.removeprefix("wave-")
        return f"rollback-{number}" if self.gate.rollout and self.gate.rollback and not self.pause else ""

    def stages(self, writes: Iterable[str]) -> Iterator[Stage]:
        """Given the hosts on which it may write, yield its stages."""
        hosts = tuple(writes)
        yield Stage(self.name, self.description, hosts)
        if self.rollback:
            yield Stage(self.rollback, f"roll the hosts of {self.name} back", hosts, recovers=self.name)


class _Names(Struct):
    """Numbers waves and pauses, each from 1."""

    _used: dict[str, int] = field(default_factory=dict)

    def next(self, word: str) -> str:
        self._used[word] = self._used.get(word, 0) + 1
        return f"{word}-{self._used[word]}"


def rollouts_of(base: Base) -> tuple[Rollout, ...]:
    """Given the base, return the rollouts that count: none for the first apply, as nothing is there to break."""
    return () if base.why == FIRST_APPLY else base.contract.rollouts


def split(rollouts: Sequence[Rollout], plan: Plan, hosts: Sequence[str]) -> tuple[Wave, ...]:
    """Given rollouts, a plan, and the hosts that are written on or did not answer, return the waves in their order.

    Rollouts follow each other in the order given; hosts of none come last. Without rollouts, there is one wave. A host
    on which another one depends is not in a later wave than that one. A pause counts although nothing comes before it.
    """
    if not rollouts:
        return (Wave(STAGE, "apply the changes, then verify the hosts", tuple(hosts)),)
    names, needs, found = _Names(), _needs(plan), []
    left = dict.fromkeys(hosts)
    for rollout in rollouts:
        own = [host for host in left if host in rollout.hosts]
        for wanted in rollout.waves:
            rest = [host for host in own if host in left]
            if isinstance(wanted, Pause) and rest:
                found.append(Wave(names.next("pause"), f"wait for a person: {wanted.reason}", pause=wanted.reason))
                continue
            chosen = _with_needed(_choose(wanted, rest, len(own)), needs, left)
            if chosen:
                found.append(_wave(names.next("wave"), chosen, gate_of(rollout)))
                left = {host: None for host in left if host not in chosen}
    if left:
        found.append(_wave(names.next("wave"), tuple(left), Gate()))
    return tuple(found)


def with_rest(waves: Sequence[Wave], state: RunState, hosts: Sequence[str]) -> tuple[Wave, ...]:
    """Given the waves of an earlier attempt, the run's state, and the hosts to write on, return the waves of this one.

    What is to be written now on a host whose wave is done comes with the first wave that is not.
    """
    left = [wave for wave in waves if not is_done(state.of(wave.name))]
    waiting = {host for wave in left for host in wave.hosts}
    more = tuple(host for host in hosts if host not in waiting)
    first = next((wave.name for wave in left if not wave.pause), "")
    return tuple(replace(wave, hosts=(*wave.hosts, *more)) if wave.name == first else wave for wave in waves)


def without_rollback(wave: Wave) -> Wave:
    """Given a wave that fixes drift, return it without a way back: before it was the drift."""
    return replace(wave, gate=replace(wave.gate, rollback=False))


def writes(waves: Sequence[Wave], plan: Plan, hosts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Given waves, a plan, and all hosts to write on, return those that each wave may write on.

    That includes hosts on which steps of the wave's hosts act too.
    """
    needs = _needs(plan)
    if len(waves) == 1:
        return {waves[0].name: tuple(hosts)}
    found = {}
    for wave in waves:
        also = sorted({name for host in wave.hosts for name in needs.get(host, ())})
        found[wave.name] = tuple(name for name in dict.fromkeys((*wave.hosts, *also)) if name in hosts)
    return found


def gate_of(rollout: Rollout) -> Gate:
    """Given a rollout, return what each of its waves must pass."""
    settle = ceil(rollout.settle.seconds) if rollout.settle else 0
    return Gate(rollout.name, rollout.verify, rollout.max_failures, settle, rollout.rollback)


def _wave(name: str, hosts: tuple[str, ...], gate: Gate) -> Wave:
    policy = f"rollout/{gate.rollout}" if gate.rollout else "no rollout"
    return Wave(name, f"{policy}: {list_names(hosts, _SHOWN)}", hosts, gate=gate)


def _choose(wanted: WantedWave, rest: Sequence[str], total: int) -> list[str]:
    """Return which of the rest a wave wants; `total`: how many hosts the rollout had in the beginning."""
    match wanted:
        case ChosenHosts(hosts=hosts):
            return [host for host in rest if host in hosts]
        case HostCount(count=count):
            return list(rest[:count])
        case HostShare(percent=percent):
            up_to = -(-total * percent // _ALL)  # rounded up: a share is never nobody
            return list(rest[: max(0, up_to - (total - len(rest)))])
        case Pause():
            return []


def _with_needed(chosen: Sequence[str], needs: Mapping[str, set[str]], left: Collection[str]) -> tuple[str, ...]:
    """Return the chosen hosts, and those still left on which they depend, directly or through others."""
    found = dict.fromkeys(chosen)
    waiting = list(chosen)
    while waiting:
        new = [host for host in needs.get(waiting.pop(), ()) if host in left and host not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return tuple(host for host in left if host in found)


def _needs(plan: Plan) -> dict[str, set[str]]:
    return {host.name: {name for name, _ in host_dependencies(host)} for host in plan.hosts}


_ACTS = tuple(action for action in Action if action.makes or action is Action.REMOVE)


def check_brake(rollouts: Sequence[Rollout], plan: Plan, known: Collection[str]) -> None:
    """Given rollouts, a plan and the hosts of the inventory, raise Refused when the plan changes too many of them."""
    changed = [host.name for host in plan.hosts if host.of(*_ACTS)]
    for rollout in rollouts:
        own = [host for host in changed if host in rollout.hosts]
        total = sum(host in known for host in rollout.hosts)
        share = max(1, total * rollout.max_percent // _ALL)  # else a small fleet could never be changed
        most = min(share, total if rollout.max_hosts is None else rollout.max_hosts)
        if len(own) > most:
            raise Refused(
                f"the plan changes {format_count(len(own), 'host')} of {total:,}; the brake of rollout/{rollout.name} "
                f"allows {most:,}",
                hint=_way_on(own[:most]),
            )


def _way_on(some: Sequence[str]) -> str:
    change = "change `brake` in the policy first"
    if not some or len(some) > _SHOWN:
        return f"apply to fewer hosts at a time with --limit, or {change}"
    return f"apply to fewer hosts at a time, such as --limit '{':'.join(some)}', or {change}"
