"""Jinja's sandbox, made deterministic and bounded: a template of a stranger's pull request can only give text.

Comes in: a template's source and what it may see. Goes out: text. Jinja's own sandbox keeps templates from Python; here
they are also kept from chance, from addresses in memory, and from running or growing without end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from re import compile as pattern
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, TemplateRuntimeError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from opspact.structs import Struct

STEPS = 200_000
"""Turns of loops, calls, filters and operators in one rendering; a page of text takes some hundred."""

LENGTH = 1_000_000
"""Characters of any text and of the result, items of any list."""

_GROWTH = 20 * LENGTH
"""What one call may work through: the length of its subject times the largest of what it is given."""

_BY_CHANCE = ("lipsum", "random")
_COUNTED, _JOINED, _VALUE = "opspact_counted", "opspact_joined", "opspact_value"
_WIDE = pattern(r"\d{5,}|\*")
_FORMATTING = frozenset({"format", "format_map", "do_format"})


GOES_WRONG = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an expression in a template can raise."""


def message_of(error: Exception) -> str:
    """Given what an expression raised, return its words in one line, without Jinja's place."""
    return str(error.message if isinstance(error, TemplateSyntaxError) else error)


class LimitExceededError(TemplateError):
    """The template would run or grow beyond the bounds."""


@dataclass(slots=True)
class _Budget:
    """What is left of a rendering's steps."""

    left: int = STEPS


_BUDGET: ContextVar[_Budget] = ContextVar("the steps left to the template that is being rendered")


class Parsed(Struct):
    """A template ready to render, and the names of the variables that it looks at.

    `expression`: what computes it, where it is one expression and nothing else.
    """

    template: Template
    used: tuple[str, ...]
    expression: Template | None = None

    def render(self, known: Mapping[str, object]) -> str:
        """Given what it may see, return its text. Raise a TemplateError, or what its expressions raise."""
        token = _BUDGET.set(_Budget())
        try:
            return self._rendered(known)
        finally:
            _BUDGET.reset(token)

    def value(self, known: Mapping[str, object]) -> object:
        """Given what it may see, return the value of the one expression that it is, else its text; raise as above."""
        if self.expression is None:
            return self.render(known)
        token = _BUDGET.set(_Budget())
        try:
            value = getattr(self.expression.make_module(dict(known)), _VALUE)
        finally:
            _BUDGET.reset(token)
        if isinstance(value, StrictUndefined):
            str(value)  # which raises, with its name
        return _bounded(_plain(value))

    def _rendered(self, known: Mapping[str, object]) -> str:
        pieces: list[str] = []
        length = 0
        for piece in self.template.generate(known):
            length += len(piece)
            if length > LENGTH:
                raise LimitExceededError(f"the output is longer than {LENGTH:,} characters")
            pieces.append(piece)
        return "".join(pieces)


class EncryptedValue:
    """An encrypted variable as templates see it: it is defined, and whatever uses its value goes wrong."""

    def _refuse(self, *_arguments: object) -> NoReturn:
        raise TemplateRuntimeError("an encrypted variable (!vault) is used: only Ansible decrypts it, during an apply")

    __str__ = __repr__ = __format__ = __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __getattr__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __call__ = __int__ = __float__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __sub__ = __rsub__ = __truediv__ = _refuse


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox; every call, filter and operator that could make much of little is looked at."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, finalize=_printed, optimized=False)
        for name in _BY_CHANCE:
            self.globals.pop(name, None)
            self.filters.pop(name, None)
        self.filters = {name: _guarded(function) for name, function in self.filters.items()}
        self.filters |= {_COUNTED: _counted, _JOINED: _joined}

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """Call what a template calls, within bounds; the first two arguments are Jinja's context and the callee."""
        _, called, *given = arguments
        _check(getattr(called, "__name__", ""), [getattr(called, "__self__", None), *given, *keywords.values()])
        return _bounded(super().call(*arguments, **keywords))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return what takes the place of a text's own format, within bounds; None where it is none."""
        if getattr(value, "__name__", "") in _FORMATTING:
            _check("format", [getattr(value, "__self__", "")])
        return super().wrap_str_format(value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: PLR0917 - Jinja's own signature
        """Compute what an operator gives, within bounds."""
        _spend(1)
        match operator, left, right:
            case "*", _, _:
                _check_growth([left, right])
            case "**", int() | float(), int() | float():
                if abs(right) > 1000:  # noqa: PLR2004 - no template computes with such numbers
                    raise LimitExceededError("an exponent is too large")
            case "%", str(), _:
                _check("format", [left])
            case _:
                pass
        return _bounded(super().call_binop(context, operator, left, right))


def _spend(steps: int) -> None:
    budget = _BUDGET.get()
    budget.left -= steps
    if budget.left < 0:
        raise LimitExceededError(f"rendering takes more than {STEPS:,} steps")


def _size(value: object) -> int:
    """Return how long something is, or how much a number asks for."""
    match value:
        case str() | list() | tuple() | dict() | range():
            return len(value)
        case int():
            return abs(value)
        case _:
            return 1


def _check(name: str, given: list[object]) -> None:
    """Given a call's name, its subject and its arguments, raise LimitExceededError when it exceeds the bounds."""
    _spend(1 + _size(given[0]) // 1000 if given and not isinstance(given[0], int) else 1)
    _check_growth(given)
    if name in _FORMATTING and any(isinstance(form, str) and _WIDE.search(form) for form in given):
        raise LimitExceededError("a format width is too large")


def _check_growth(given: list[object]) -> None:
    first, *others = map(_size, given) if given else (0,)
    if first * max(others, default=1) > _GROWTH:
        raise LimitExceededError("a value grows too large")


def _counted(items: Iterable[object]) -> Iterator[object]:
    """Yield what a loop goes through, counting its turns."""
    for item in items:
        _spend(1)
        yield item


def _joined(items: Iterable[object]) -> object:
    """Return what `a ~ b` gives."""
    _spend(1)
    return _bounded("".join(str(_plain(item)) for item in items))


def _guarded(function: Callable[..., object]) -> Callable[..., object]:
    """Given a filter, return it within bounds; Jinja's marks on it, for what it is passed first, are kept."""

    @wraps(function)
    def guarded(*arguments: object, **keywords: object) -> object:
        given = arguments[1:] if hasattr(function, "jinja_pass_arg") else arguments
        _check(function.__name__, [*given, *keywords.values()])
        return _bounded(function(*arguments, **keywords))

    return guarded


def _bounded(value: object) -> object:
    if isinstance(value, str | list | tuple | dict) and len(value) > LENGTH:
        raise LimitExceededError(f"a value is longer than {LENGTH:,}")
    if isinstance(value, int) and value.bit_length() > 10_000:  # noqa: PLR2004 - three thousand digits
        raise LimitExceededError("a number is too large")
    return value


def _plain(value: object) -> object:
    """Given what a template prints, return it. Raise TypeError for what would print its address in memory."""
    if isinstance(value, str | int | float | list | tuple | dict | StrictUndefined | None):
        return value
    match value:
        case EncryptedValue():
            return str(value)  # which raises
        case Iterator():
            why = "it prints the result of a filter such as map or select, which is no list yet: add | list"
        case _ if callable(value):
            why = "it prints a function: call it, as in items()"
        case _:
            why = "it prints something that is neither text, a number, a list nor a mapping"
    raise TypeError(why)


def _printed(value: object) -> object:
    """Given what a template prints, return it; nothing is printed for None, as in Ansible."""
    return "" if value is None else _plain(value)


class _Bounds(NodeTransformer):
    """Puts `_counted` around what loops go through, and `_joined` in the place of `~`."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's own name
        node.iter = nodes.Filter(node.iter, _COUNTED, [], [], None, None, lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's own name
        items = nodes.List(node.nodes, lineno=node.lineno)
        return self.generic_visit(nodes.Filter(items, _JOINED, [], [], None, None, lineno=node.lineno))


FILTERS = frozenset(_Environment().filters) - {_COUNTED, _JOINED}
"""The filters that a template can use."""

TESTS = frozenset(_Environment().tests)
"""The tests that a template can use."""


@lru_cache(maxsize=4096)
def parsed(source: str) -> Parsed:
    """Given a template's source, return it ready to render. Raise a TemplateError when it cannot be read."""
    environment = _Environment()
    tree = environment.parse(source)
    used = tuple(sorted(meta.find_undeclared_variables(tree)))
    match tree:
        case nodes.Template(body=[nodes.Output(nodes=[expression])]) if not isinstance(expression, nodes.TemplateData):
            assigned = nodes.Assign(nodes.Name(_VALUE, "store", lineno=1), expression, lineno=1)
            return Parsed(
                _template(environment, tree), used, _template(environment, nodes.Template([assigned], lineno=1))
            )
        case _:
            return Parsed(_template(environment, tree), used)


def _template(environment: _Environment, tree: nodes.Template) -> Template:
    _Bounds().visit(tree)
    tree.set_environment(environment)
    code = environment.compile(tree)
    return environment.template_class.from_code(environment, code, environment.make_globals(None))
