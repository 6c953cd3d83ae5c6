"""Inventory variables whose text is a template itself (`fqdn: "app.{{ domain }}"`), rendered as Ansible does.

Comes in: the names that a template looks at, a host's variables. Goes out: values, without templates in them.

As in Ansible, a text that is one expression (and a newline) has the value of that expression, a list for example; what
is marked `!unsafe` stays as it is. Rendered in the same sandbox as files: what Ansible would look up, it refuses.
"""

from collections.abc import Iterable, Iterator, Mapping

from jinja2 import TemplateError, TemplateRuntimeError

from opspact.resolve.sandbox import GOES_WRONG, EncryptedValue, Parsed, message_of, parsed
from opspact.schema.inventory.statements import Unsafe, Vaulted

_MARKS = ("{{", "{%", "{#")


class VariableError(TemplateRuntimeError):
    """A variable does not render: its name, the text in its value that is wrong, and the error where there is one."""

    def __init__(self, message: str, *, variable: str, text: str, reason: Exception | None = None) -> None:
        super().__init__(message)
        self.variable = variable
        self.text = text
        self.reason = reason


def names_used(names: Iterable[str], variables: Mapping[str, object]) -> tuple[str, ...]:
    """Given names, return them and all that the templates in these variables look at, sorted.

    Raise a VariableError when such a template cannot be read.
    """
    found, waiting = set(names), list(names)
    while waiting:
        name = waiting.pop()
        looked_at = {each for text in _templates(variables.get(name)) for each in _parsed(text, name).used}
        waiting += looked_at - found
        found |= looked_at
    return tuple(sorted(found))


def rendered_variables(
    names: Iterable[str], variables: Mapping[str, object], provided: Mapping[str, object]
) -> dict[str, object]:
    """Given names, return the values of those that are provided as they are, or that are variables, rendered.

    Raise a VariableError when one does not work out, or refers to itself.
    """
    known = _Rendering(variables, provided)
    return {name: known.value(name, ()) for name in names if known.has(name)}


def _parsed(text: str, variable: str) -> Parsed:
    try:
        return parsed(text.removesuffix("\n"))
    except (TemplateError, RecursionError) as error:
        raise VariableError(
            f"variable {variable}: {message_of(error)}", variable=variable, text=text, reason=error
        ) from error


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

    def __init__(self, variables: Mapping[str, object], provided: Mapping[str, object]) -> None:
        self._variables = variables
        self._known = dict(provided)

    def has(self, name: str) -> bool:
        """Given a name, return whether it has a value."""
        return name in self._known or name in self._variables

    def value(self, name: str, above: tuple[str, ...]) -> object:
        """Given a variable and those that look at it, return its value."""
        if name in above:
            message = f"the variable {name} refers to itself: {' → '.join([*above, name])}"
            raise VariableError(message, variable=name, text=str(self._variables[name]))
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
        variable = above[-1]
        template = _parsed(text, variable)
        known = {name: self.value(name, above) for name in template.used if self.has(name)}
        try:
            value = template.value(known)
        except GOES_WRONG as error:
            raise VariableError(
                f"variable {variable}: {message_of(error)}", variable=variable, text=text, reason=error
            ) from error
        return f"{value}\n" if isinstance(value, str) and text.endswith("\n") else value
