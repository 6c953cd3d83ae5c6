"""Inventory variables whose text is a template itself (`fqdn: "app.{{ domain }}"`), rendered as Ansible does.

Comes in: the names that a template looks at, a host's variables. Goes out: values, without templates in them.

As in Ansible, a text that is one expression (and a newline) has the value of that expression, a list for example; what
is marked `!unsafe` stays as it is. Rendered in the same sandbox as files: what Ansible would look up, it refuses.
"""

from collections.abc import Iterable, Iterator, Mapping

from jinja2 import TemplateRuntimeError

from opspact.resolve.sandbox import GOES_WRONG, EncryptedValue, parsed
from opspact.schema.inventory.statements import Unsafe, Vaulted

_MARKS = ("{{", "{%", "{#")


def names_used(names: Iterable[str], variables: Mapping[str, object]) -> tuple[str, ...]:
    """Given names, return them and all that the templates in these variables look at, sorted.

    Raise a TemplateError when such a template cannot be read.
    """
    found, waiting = set(names), list(names)
    while waiting:
        name = waiting.pop()
        looked_at = {each for text in _templates(variables.get(name)) for each in parsed(text).used}
        waiting += looked_at - found
        found |= looked_at
    return tuple(sorted(found))


def rendered_variables(names: Iterable[str], variables: Mapping[str, object]) -> dict[str, object]:
    """Given names, return the values of those that are variables, rendered.

    Raise a TemplateRuntimeError that names the variable when one does not work out, or refers to itself.
    """
    known = _Rendering(variables)
    return {name: known.value(name, ()) for name in names if name in variables}


def _is_plain(value: object) -> bool:
    """Whether a value holds neither templates nor encrypted values."""
    match value:
        case Vaulted():
            return False
        case list() | tuple():
            return all(map(_is_plain, value))
        case dict():
            return all(map(_is_plain, value.values()))
        case _:
            return not any(_templates(value))


def _templates(value: object) -> Iterator[str]:
    """Yield the texts in a value that are templates."""
    match value:
        case Unsafe():
            return
        case str() if any(mark in value for mark in _MARKS):
            yield value
        case list() | tuple():
            for item in value:
                yield from _templates(item)
        case dict():
            for item in value.values():
                yield from _templates(item)
        case _:
            return


class _Rendering:
    """The variables of one host; each is rendered once."""

    def __init__(self, variables: Mapping[str, object]) -> None:
        self._variables = variables
        self._known: dict[str, object] = {}

    def value(self, name: str, above: tuple[str, ...]) -> object:
        """Given a variable and those that look at it, return its value."""
        if name in above:
            raise TemplateRuntimeError(f"the variable {name} refers to itself: {' → '.join([*above, name])}")
        if name not in self._known:
            self._known[name] = self._rendered(self._variables[name], (*above, name))
        return self._known[name]

    def _rendered(self, value: object, above: tuple[str, ...]) -> object:
        if _is_plain(value):
            return value
        match value:
            case Vaulted():
                return EncryptedValue()
            case str():
                return self._text(value, above)
            case list() | tuple():
                return [self._rendered(item, above) for item in value]
            case dict():
                return {key: self._rendered(item, above) for key, item in value.items()}
            case _:
                return value

    def _text(self, text: str, above: tuple[str, ...]) -> object:
        template = parsed(text.removesuffix("\n"))
        known = {name: self.value(name, above) for name in template.used if name in self._variables}
        try:
            value = template.value(known)
        except GOES_WRONG as error:
            raise TemplateRuntimeError(f"variable {above[-1]}: {error}") from error
        return f"{value}\n" if isinstance(value, str) and text.endswith("\n") else value
