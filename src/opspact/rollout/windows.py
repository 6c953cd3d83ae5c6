"""Whether hosts may be changed at an instant by the contract's windows, and when they may be changed next.

In: a contract (the one that decides: that of the base commit), hosts, an instant. Out: why not, and when.

A blackout forbids changes unless it allows `apply`. A host with maintenance windows is changed in these only. A
blackout counts for more than a maintenance window. Spells are half open, on the time line: what begins at a wall time
that does not exist begins after the gap, and every spell lasts as long as its policy says.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.model.policies.window import Window
from opspact.model.time.occurrences import last_occurrence, next_occurrence
from opspact.plan.change import Action
from opspact.plan.dependencies import host_dependencies
from opspact.plan.plan import Plan
from opspact.structs import Struct
from opspact.text.instants import format_minute_with_offset
from opspact.text.names import join_names, list_names

CHANGE = "apply"
"""What a blackout that allows changes lists in `allows`."""

_DAY = timedelta(days=1)
_HORIZON = timedelta(days=2 * 366)
_MOST = 1000  # spells that are followed: what does not end by then has no end
_SHOWN = 5  # hosts named of those with one reason


class ClosedHosts(Struct):
    """Hosts that may not be changed now, for one reason.

    `windows`: the blackouts that hold, or (`is_outside`) the maintenance windows of which none is open. `until`: when
    the blackout ends; `opens`: when the hosts may be changed next. None: not within two years. `zone`: for people.
    """

    hosts: tuple[str, ...]
    windows: tuple[str, ...]
    is_outside: bool
    until: datetime | None
    opens: datetime | None
    zone: str = "UTC"


def closed_hosts(contract: Contract, hosts: Iterable[str], at: datetime) -> tuple[ClosedHosts, ...]:
    """Given a contract, hosts and an instant (aware), return which of them may not be changed then, and why."""
    at = at.astimezone(UTC)
    clock = _Clock(ZoneInfo(contract.zone), at + _HORIZON)
    found = []
    for windows, names in _grouped(contract, hosts):
        opens = clock.opening(windows, at)
        if opens == at:
            continue
        ends = {it.name: end for it in windows if it.blackout and (end := clock.end(it, at))}
        closed = ClosedHosts(
            hosts=tuple(names),
            windows=tuple(ends) or tuple(it.name for it in windows if not it.blackout),
            is_outside=not ends,
            until=clock.known(max(ends.values())) if ends else None,
            opens=clock.known(opens),
            zone=contract.zone,
        )
        found.append(closed)
    return tuple(found)


def opening(contract: Contract, hosts: Iterable[str], at: datetime) -> datetime | None:
    """Given a contract, hosts and an instant (aware), return from when on all of them may be changed, in UTC.

    That is the instant itself where nothing forbids it; None: not within two years.
    """
    found = at.astimezone(UTC)
    clock = _Clock(ZoneInfo(contract.zone), found + _HORIZON)
    groups = [windows for windows, _ in _grouped(contract, hosts)]
    for _ in range(_MOST):
        following = max((clock.opening(windows, found) for windows in groups), default=found)
        if following >= clock.limit:
            return None
        if following == found:
            return found
        found = following
    return None


def hosts_to_change(plan: Plan) -> tuple[str, ...]:
    """Given a plan, return the hosts that it changes: those with changes, and those on which their steps act too."""
    changed = {host.name for host in plan.hosts if host.of(*_ACTS)}
    return tuple(sorted(changed | {name for host in plan.hosts for name, _ in host_dependencies(host)}))


_ACTS = tuple(action for action in Action if action.makes or action is Action.REMOVE)


def refuse_closed(contract: Contract, hosts: Iterable[str], at: datetime) -> None:
    """Given a contract, hosts and an instant, raise Refused, with the next time, when one may not be changed then."""
    chosen = tuple(hosts)
    if found := closed_hosts(contract, chosen, at):
        zone = ZoneInfo(contract.zone)
        words = "; ".join(f"{list_names(closed.hosts, _SHOWN)}: {reason(closed)}" for closed in found)
        opens = opening(contract, chosen, at)
        when = f"from {format_minute_with_offset(opens, zone)} on" if opens else "at no time within two years"
        hint = f"all of these hosts can be changed {when}{_without(chosen, found)}"
        raise Refused(f"the windows of the contract allow no changes now on {words}", hint=hint)


def _without(chosen: Sequence[str], found: Iterable[ClosedHosts]) -> str:
    """Return how to change the others now, where there are any and not too many to leave out by name."""
    names = [name for closed in found for name in closed.hosts]
    if len(names) in {len(chosen), *range(_SHOWN + 1, len(chosen))}:
        return ""
    return f"; the others now with --limit '{':'.join(['all', *(f'!{name}' for name in names)])}'"


def reason(closed: ClosedHosts) -> str:
    """Given hosts that may not be changed, return why not."""
    if closed.is_outside:
        return f"outside maintenance window {join_names(closed.windows, last='or')}"
    until = f"until {format_minute_with_offset(closed.until, ZoneInfo(closed.zone))}" if closed.until else "without end"
    return f"blackout {join_names(closed.windows)} {until}"


def _grouped(contract: Contract, hosts: Iterable[str]) -> list[tuple[tuple[Window, ...], list[str]]]:
    """Return hosts that have the same windows together, each group with these; a blackout that allows changes is none.

    Hosts without any are left out. One that the contract does not know (new, or under another name) has all of them.
    """
    windows = [it for it in contract.windows if not (it.blackout and CHANGE in it.allows)]
    members = [frozenset(window.hosts) for window in windows]
    found: dict[tuple[int, ...], list[str]] = {}
    for host in dict.fromkeys(hosts):
        is_known = host in contract.inventory.hosts
        own = tuple(number for number, names in enumerate(members) if host in names or not is_known)
        if own:
            found.setdefault(own, []).append(host)
    return [(tuple(windows[number] for number in own), names) for own, names in found.items()]


class _Clock(Struct):
    """When windows are open, by the clock of a zone. `limit`: what comes later is not looked for."""

    zone: ZoneInfo
    limit: datetime

    def opening(self, windows: Sequence[Window], at: datetime) -> datetime:
        """Given an instant in UTC, return the first one, not before it, at which the windows allow changes.

        The limit: none before it.
        """
        maintenance = [it for it in windows if not it.blackout]
        for _ in range(_MOST):
            ends = [end for it in windows if it.blackout and (end := self.end(it, at))]
            if ends:
                at = max(ends)
            elif maintenance and not any(self.end(it, at) for it in maintenance):
                at = min((self.start(it, at) for it in maintenance), default=self.limit)
            else:
                return at
            if at >= self.limit:
                break
        return self.limit

    def end(self, window: Window, at: datetime) -> datetime | None:
        """Given an instant in a window's times, return when they end, with those that they meet; None: it is in none.

        The limit: they do not end before it.
        """
        if window.schedule is None or window.length is None:
            first, after = self._days(window)
            return min(after, self.limit) if first <= at < after else None
        length, end = timedelta(seconds=window.length.seconds), at
        for _ in range(_MOST):
            start = last_occurrence(window.schedule, self.zone, end, not_before=end - length, forward=True)
            if start is None or start + length <= end:
                return end if end > at else None
            end = start + length
            if end >= self.limit:
                break
        return self.limit

    def start(self, window: Window, at: datetime) -> datetime:
        """Given an instant, return when a window begins next after it; the limit: not before that."""
        if window.schedule is None:
            first, _ = self._days(window)
            return min(first, self.limit) if first > at else self.limit
        return min(next_occurrence(window.schedule, self.zone, at, forward=True) or self.limit, self.limit)

    def known(self, at: datetime) -> datetime | None:
        """Given an instant, return it; None where it is the limit."""
        return at if at < self.limit else None

    def _days(self, window: Window) -> tuple[datetime, datetime]:
        """Return the beginning and the end, in UTC, of the days of a window that has days."""
        assert window.days is not None, "a window has a schedule or days"
        days = window.days.first, window.days.last + _DAY
        first, after = (datetime.combine(day, time(), self.zone).astimezone(UTC) for day in days)
        return first, after
