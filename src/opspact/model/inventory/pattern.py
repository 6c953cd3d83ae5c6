"""Ansible's host patterns: `web`, `web*:!staging`, `~(web|db)1`, `site_a:&db`, `web[0:2]`.

Comes in: the text of a policy's `hosts` field or of `--limit`, and an inventory. Goes out: host names.
Stricter than Ansible, which passes over what it cannot match: a name that nobody has, a part that
matches nothing and a pattern that chooses nobody are refused, after `!` and `&` too.
"""

import fnmatch
import ipaddress
import re
import warnings
from collections.abc import Collection, Sequence

from opspact.errors import Refused
from opspact.model.inventory.host import Inventory
from opspact.structs import Struct
from opspact.text.regex import refuse_slow
from opspact.text.suggestions import nearest

PART = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
BETWEEN_PARTS = re.compile(r"[\s:]*")
NAME_WITH_PORT = re.compile(r"[^\s:\[\]*?~!&]+:[0-9]+")
SUBSCRIPT = re.compile(
    r"(?P<expression>.+)\[(?:(?P<one>-?[0-9]{1,9})|(?P<first>[0-9]{1,9})[:-](?P<last>[0-9]{0,9}))\]", re.DOTALL
)
WILD = re.compile(r"[*?\[]")
_RANGE = re.compile(r"\[[0-9]+:[0-9]+\]")
ALSO_HOSTS = re.compile(r"[.*?\[]")
"""With one of these in it a pattern looks at host names although it matched groups (Ansible's rule)."""


MOST_LETTERS_APART = 2


class PatternRefused(Refused):
    """A host pattern cannot be used. `pattern` is the whole, `part` the piece that is wrong, `hint` the way out."""

    def __init__(self, message: str, *, pattern: str, part: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pattern = pattern
        self.part = part


class PatternUnreadable(PatternRefused):
    """The pattern's form is wrong: brackets, a regular expression, a subscript."""


class NameUnknown(PatternRefused):
    """The pattern names something that is neither a host nor a group."""


class NoHostMatches(PatternRefused):
    """The pattern, or a part of it, matches no host."""


def select(pattern: str, inventory: Inventory) -> tuple[str, ...]:
    """Given a pattern, return the names of the hosts it chooses, in the inventory's order, each once.

    Raise PatternUnreadable, NameUnknown or NoHostMatches when it cannot be used or chooses nobody.
    """
    parts = split(pattern)
    chooser = _Chooser(pattern, inventory)
    chosen: set[str] = set()
    for part in [part for part in parts if part[0] not in "&!"] or ["all"]:
        chosen.update(chooser.match(part))
    for part in (part for part in parts if part[0] == "&"):
        chosen.intersection_update(chooser.match(part[1:]))
    for part in (part for part in parts if part[0] == "!"):
        chosen.difference_update(chooser.match(part[1:]))
    if not chosen:
        raise NoHostMatches(f'the host pattern "{pattern}" matches no host', pattern=pattern, part=pattern)
    return tuple(name for name in inventory.hosts if name in chosen)


def split(pattern: str) -> tuple[str, ...]:
    """Given a pattern, return its parts with their `&` and `!`. Commas separate; without a comma colons do.

    Raise PatternUnreadable when there is no part, or brackets do not pair.
    """
    text = pattern.strip()
    if "," in text:
        parts = [part.strip() for part in text.split(",") if part.strip()]
    elif _is_one_address(text):
        parts = [text]
    else:
        parts = PART.findall(text)
        if lost := BETWEEN_PARTS.sub("", PART.sub("", text)):
            raise PatternUnreadable(
                f'the brackets in the host pattern "{pattern}" are not balanced',
                pattern=pattern,
                part=lost[0],
                hint="write web[0:2]",
            )
    for part in parts:
        if not part.lstrip("&!"):
            raise PatternUnreadable(f'"{part}" in the host pattern "{pattern}" is empty', pattern=pattern, part=part)
    if not parts:
        raise PatternUnreadable("the host pattern is empty", pattern=pattern, part="", hint="use `all` for every host")
    return tuple(parts)


def _is_one_address(text: str) -> bool:
    """Tell whether colons belong to an IPv6 address, or to a port, and separate nothing."""
    if NAME_WITH_PORT.fullmatch(text):
        return True
    try:
        ipaddress.IPv6Address(text.lstrip("&!"))
    except ValueError:
        return False
    return True


class _Chooser(Struct):
    """Matches the parts of one pattern against one inventory."""

    pattern: str
    inventory: Inventory

    def match(self, part: str) -> Collection[str]:
        """Given a part without its `&` or `!`, return the hosts it means. Raise PatternRefused when it means nobody."""
        if part in self.inventory.hosts:
            return (part,)
        if part.startswith("~"):
            return self._of_form(self._regular_expression(part), part)
        subscript = SUBSCRIPT.fullmatch(part)
        expression = subscript["expression"] if subscript else part
        if WILD.search(expression):
            found = self._of_form(re.compile(fnmatch.translate(expression)), expression)
        else:
            found = self._named(expression, counted=part[len(expression) :])
        return self._cut(found, subscript) if subscript else found

    def _named(self, name: str, *, counted: str = "") -> Sequence[str]:
        """Return the hosts of a name; `counted`: the brackets behind it, which choose some of a group."""
        if name in self.inventory.groups:
            return self.inventory.groups[name]
        if name in self.inventory.hosts:
            return (name,)
        close = self._close_to(name)
        hint = f'did you mean "{close}"?' if close else ""
        if NAME_WITH_PORT.fullmatch(name):
            hint = "a number after a colon is read as a port; separate names with commas"
        if counted and any(re.match(rf"{re.escape(name)}[0-9]", host) for host in self.inventory.hosts):
            hint = f"{counted} counts the hosts of a group; to match their names, write ~{name}[1-3]$"
        raise NameUnknown(f'"{name}" is neither a host nor a group', pattern=self.pattern, part=name, hint=hint)

    def _close_to(self, name: str) -> str:
        """Return the group, else the host, whose name is most alike; of many hosts only the likely are compared."""
        likely = (
            host
            for host in self.inventory.hosts
            if host[:1] == name[:1] and abs(len(host) - len(name)) <= MOST_LETTERS_APART
        )
        return nearest(name, self.inventory.groups) or nearest(name, likely) or ""

    def _of_form(self, form: re.Pattern[str], part: str) -> Sequence[str]:
        """Return the hosts of all groups whose names have a form, then the hosts whose own names have it.

        As in Ansible a host stands there once for each group, which counts for subscripts.
        """
        groups = list(filter(form.match, self.inventory.groups))
        found = [host for group in groups for host in self.inventory.groups[group]]
        if not groups or part.startswith("~") or ALSO_HOSTS.search(part):
            found += filter(form.match, self.inventory.hosts)
        if not found and not groups:
            hint = "ranges are part of inventories only: list the hosts, or use a group" if _RANGE.search(part) else ""
            raise NoHostMatches(f'"{part}" matches no host and no group', pattern=self.pattern, part=part, hint=hint)
        return found

    def _regular_expression(self, part: str) -> re.Pattern[str]:
        text = part[1:]
        try:
            refuse_slow(text)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # `[[` makes Python think aloud about its future
                return re.compile(text)
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            message = f'invalid regular expression "{text}": {error}'
            raise PatternUnreadable(message, pattern=self.pattern, part=part) from error

    def _cut(self, hosts: Sequence[str], subscript: re.Match[str]) -> Sequence[str]:
        """Return the hosts that a subscript picks: `[0]`, `[-1]`, `[1:3]` (both included), `[2:]`."""
        if subscript["one"] is not None:
            index = int(subscript["one"])
            picked = hosts[index : index + 1 or None]
        else:
            last = int(subscript["last"]) if subscript["last"] else len(hosts) - 1
            picked = hosts[int(subscript["first"]) : last + 1]
        if not picked:
            message = f'"{subscript[0]}" is out of range: there are {len(hosts)} hosts, counted from 0'
            raise NoHostMatches(message, pattern=self.pattern, part=subscript[0])
        return picked
