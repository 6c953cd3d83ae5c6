"""Templates as a host sees them; values of policies with variables: `postgresql@{{ version }}-main.service`.

Comes in: templates, hosts, a document's context. Goes out: text, and values with the hosts that each is for.

Only what `opspact compile` needs is known here: inventory variables, as in Ansible. Facts of hosts are not: the same
policies must mean the same before a host is reached.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from jinja2 import TemplateError, UndefinedError

from opspact.model.inventory.host import Host
from opspact.resolve.context import DocumentContext
from opspact.resolve.sandbox import GOES_WRONG, parsed
from opspact.resolve.variable_templates import names_used, rendered_variables
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.validators import is_template
from opspact.schema.yaml.nodes import PathPart
from opspact.structs import Struct
from opspact.text.suggestions import nearest

Value = TypeVar("Value")
Check = Callable[[str], str]

_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_NAMES = frozenset({"host", "inventory_hostname", "inventory_hostname_short"})


def render(source: str, host: Host, contract: Mapping[str, str]) -> str:
    """Given a template, return its text for a host.

    It sees the host's inventory variables, `inventory_hostname`, `host.name`, and what is known of the contract
    (`name`, `zone`, `language`). Raise one of `sandbox.GOES_WRONG` when it asks for more or does not work out.
    """
    short = host.name.split(".", maxsplit=1)[0]
    variables = {**host.variables, "inventory_hostname": host.name, "inventory_hostname_short": short}
    known = {"host": {"name": host.name}, "contract": contract}
    template = parsed(source)
    return template.render(rendered_variables(template.used, variables) | known)


def depends_on(source: str, host: Host) -> Hashable:
    """Given a template, return what its text depends on for a host: equal means equal text.

    Raise a TemplateError or RecursionError when it cannot be read.
    """
    return tuple(_distinct(name, host) for name in names_used(parsed(source).used, host.variables))


def _distinct(name: str, host: Host) -> Hashable:
    """Return what distinguishes all values that could render differently: 1, 1.0 and true, null and nothing at all."""
    if name in _NAMES:
        return host.name
    if name not in host.variables:
        return None
    value = host.variables[name]
    return (type(value), value if isinstance(value, str | int | bool) else repr(value))


class HostTexts:
    """The texts of one item of a document for hosts that are alike: those that are templates are rendered."""

    def __init__(self, context: DocumentContext, hosts: list[Host]) -> None:
        self._context = context
        self._hosts = hosts

    def text(self, written: str, check: Check, *path: PathPart) -> str:
        """Given what is written, return what it means there, checked as if it were written so; note what is wrong."""
        if not is_template(written):
            return written
        document, (first, *others) = self._context.whole.contract, self._hosts
        contract = {"name": document.name, "zone": document.zone, "language": document.language}
        on = f"{first.name} and {len(others):,} other host{'s' if len(others) > 1 else ''}" if others else first.name
        try:
            text = render(written, first, contract)
        except GOES_WRONG as error:
            message = f"cannot render {written} for {on}: {error}"
            self._context.problem("OP110", message, *path, hint=_way_out(error, first))
            return written
        try:
            return check(text)
        except InvalidValueError as error:
            self._context.problem(error.code, f"{error.message} (on {on})", *path, hint=error.hint)
            return written


class HostValues(Struct):
    """A document's hosts, and what its items are there."""

    context: DocumentContext
    hosts: tuple[str, ...]

    def of(
        self, texts: Iterable[str], make: Callable[[HostTexts], Value]
    ) -> Iterator[tuple[Value, frozenset[str] | None]]:
        """Given the texts of an item, yield its values, each with the hosts that it is for (None: all of them).

        `make` returns the value for hosts that are alike. Without a template there is one value.
        """
        templates = [text for text in texts if is_template(text)]
        if not templates:
            yield make(HostTexts(self.context, [])), None
            return
        alike: dict[Hashable, list[Host]] = {}
        for name in self.hosts:
            host = self.context.whole.inventory.hosts[name]
            alike.setdefault(tuple(_depends_on(text, host) for text in templates), []).append(host)
        values: dict[Value, set[str]] = {}
        for group in alike.values():
            values.setdefault(make(HostTexts(self.context, group)), set()).update(host.name for host in group)
        yield from ((value, frozenset(names)) for value, names in values.items())

    def of_text(self, written: str, check: Check, *path: PathPart) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Given one text, its check and where it is written, yield what it means, each with the hosts as `of` does."""
        return self.of([written], lambda at: at.text(written, check, *path))


def _depends_on(template: str, host: Host) -> Hashable:
    """Return the same for all hosts where the template cannot be read: that is one problem."""
    try:
        return depends_on(template, host)
    except (TemplateError, RecursionError):
        return None


def _way_out(error: Exception, host: Host) -> str:
    """Return what helps where a variable is not set for a host; empty: no idea."""
    found = _UNDEFINED.fullmatch(str(error)) if isinstance(error, UndefinedError) else None
    if found is None:
        return ""
    near = nearest(found[1], host.variables)
    return f'did you mean "{near}"?' if near else "set it in inventory/group_vars/ or inventory/host_vars/"
