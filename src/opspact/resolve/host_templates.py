"""Templates as a host sees them; values of policies with variables: `postgresql@{{ version }}-main.service`.

Comes in: templates, hosts, a document's context. Goes out: text, and values with the hosts that each is for.

Only what `opspact compile` needs is known here: inventory variables, as in Ansible. Facts of hosts are not: the same
policies must mean the same before a host is reached.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from jinja2 import TemplateError

from opspact.model.inventory.host import Host, Inventory
from opspact.resolve.context import Context, DocumentContext
from opspact.resolve.sandbox import GOES_WRONG, message_of, parsed
from opspact.resolve.template_names import OF_HOST, TemplateScope
from opspact.resolve.template_problem import template_problem
from opspact.resolve.variable_templates import names_used, rendered_variables
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.validators import is_template
from opspact.schema.yaml.nodes import PathPart
from opspact.structs import Struct

Value = TypeVar("Value")
Check = Callable[[str], str]


def render(source: str, host: Host, scope: TemplateScope) -> str:
    """Given a template, return its text for a host.

    It sees the host's inventory variables, what the scope says of it (`group_names`, `groups`, `inventory_hostname`,
    `inventory_hostname_short`, `host.name`), and what is known of the contract (`name`, `zone`, `language`). Raise one
    of `sandbox.GOES_WRONG` when it asks for more or does not work out.
    """
    template = parsed(source)
    known = rendered_variables(template.used, host.variables, scope.as_in_ansible(host))
    return template.render(known | scope.own(host))


def depends_on(source: str, host: Host, scope: TemplateScope) -> Hashable:
    """Given a template, return what its text depends on for a host: equal means equal text.

    Raise a TemplateError or RecursionError when it cannot be read.
    """
    used = names_used(parsed(source).used, host.variables)
    return tuple(_distinct(name, host, scope.inventory) for name in used)


def _distinct(name: str, host: Host, inventory: Inventory) -> Hashable:
    """Return what distinguishes all values that could render differently: 1, 1.0 and true, null and nothing at all."""
    if name == "group_names":
        return inventory.groups_of[host.name]
    if name in OF_HOST:
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
        first, *others = self._hosts
        on = f"{first.name} and {len(others):,} other host{'s' if len(others) > 1 else ''}" if others else first.name
        scope = _scope(self._context.whole)
        try:
            text = render(written, first, scope)
        except GOES_WRONG as error:
            message = f"cannot render {written} for {on}: {message_of(error)}"
            at = self._context.located.problem("OP110", path, message)
            template_problem(error, at, host=first, scope=scope).add_to(self._context.whole.problems)
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
        scope = _scope(self.context.whole)
        alike: dict[Hashable, list[Host]] = {}
        for name in self.hosts:
            host = self.context.whole.inventory.hosts[name]
            alike.setdefault(tuple(_depends_on(text, host, scope) for text in templates), []).append(host)
        values: dict[Value, set[str]] = {}
        for group in alike.values():
            values.setdefault(make(HostTexts(self.context, group)), set()).update(host.name for host in group)
        yield from ((value, frozenset(names)) for value, names in values.items())

    def of_text(self, written: str, check: Check, *path: PathPart) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Given one text, its check and where it is written, yield what it means, each with the hosts as `of` does."""
        return self.of([written], lambda at: at.text(written, check, *path))


def _depends_on(template: str, host: Host, scope: TemplateScope) -> Hashable:
    """Return the same for all hosts where the template cannot be read: that is one problem."""
    try:
        return depends_on(template, host, scope)
    except (TemplateError, RecursionError):
        return None


def _scope(whole: Context) -> TemplateScope:
    document = whole.contract
    known = {"name": document.name, "zone": document.zone, "language": document.language}
    return TemplateScope(known, whole.inventory, whole.files)
