"""Keeps regular expressions that could run for hours away from Python's backtracking matcher.

Comes in: the text of an expression from a policy. Goes out: nothing, or SlowExpression. The measure: a repeated group
must not itself be able to match in several ways (`(a+)+`, `(a|a)*`), and open repeats are few, since names are at most
some 250 characters long and k open repeats cost at most length^k steps.
"""

import re
from dataclasses import dataclass

LONGEST = 500
"""Characters of an expression."""

MOST_OPEN_REPEATS = 6

QUANTIFIER = re.compile(r"(?P<simple>[*+?])|\{(?P<least>\d{0,9})(?P<comma>,?)(?P<most>\d{0,9})\}")
CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
GROUP_HEAD = re.compile(r"\((?:\?(?:P<\w+>|P=\w+|#[^)]*|[aiLmsux-]*:?|[:=!>]|<[=!]))?")
NUMBERED_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")


class SlowExpression(ValueError):  # noqa: N818 - named after what it says
    """The expression could take longer than anybody waits."""


@dataclass(slots=True)
class _Group:
    """An open bracket: can its content match one text in several ways?"""

    varies: bool = False


def refuse_slow(expression: str) -> None:
    """Given a regular expression, raise SlowExpression when matching a name with it may take more than moments.

    Some harmless expressions are refused with the others. Whether it is well formed is not judged.
    """
    if len(expression) > LONGEST:
        raise SlowExpression(f"it is longer than {LONGEST} characters")
    if NUMBERED_BACK_REFERENCE.search(expression):
        raise SlowExpression("backreferences are not supported")
    groups = [_Group()]
    open_repeats = position = 0
    closed: _Group | None = None  # the group that ended just before this position
    while position < len(expression):
        quantifier = QUANTIFIER.match(expression, position)
        if quantifier and _has_bounds(quantifier):
            if closed and closed.varies and _repeats(quantifier):
                raise SlowExpression("a repeated group contains a repetition or an alternative")
            groups[-1].varies |= _varies(quantifier)
            open_repeats += _is_open(quantifier)
            position, closed = quantifier.end(), None
            continue
        position, closed = _step(expression, position, groups)
    if open_repeats > MOST_OPEN_REPEATS:
        raise SlowExpression(f"it has more than {MOST_OPEN_REPEATS} unbounded repetitions (* or +)")


def _step(expression: str, position: int, groups: list[_Group]) -> tuple[int, _Group | None]:
    """Return where the next piece ends, and the group that ended with it."""
    match expression[position]:
        case "\\":
            return position + 2, None
        case "[":
            character_class = CLASS.match(expression, position)
            return (character_class.end() if character_class else position + 1), None
        case "(":
            groups.append(_Group())
            head = GROUP_HEAD.match(expression, position)
            return (head.end() if head else position + 1), None
        case ")" if len(groups) > 1:
            ended = groups.pop()
            groups[-1].varies |= ended.varies
            return position + 1, ended
        case "|":
            groups[-1].varies = True
    return position + 1, None


def _has_bounds(quantifier: re.Match[str]) -> bool:
    """Tell whether braces hold numbers; `{}` and `{,}` mean themselves or anything, and the latter repeats."""
    return bool(quantifier["simple"] or quantifier["least"] or quantifier["comma"])


def _is_open(quantifier: re.Match[str]) -> bool:
    """Tell whether there is no small upper bound."""
    if quantifier["simple"]:
        return quantifier["simple"] != "?"
    return _most(quantifier) > 20  # noqa: PLR2004 - as good as open for a matcher


def _repeats(quantifier: re.Match[str]) -> bool:
    """Tell whether more than one repetition is possible."""
    return quantifier["simple"] != "?" if quantifier["simple"] else _most(quantifier) > 1


def _varies(quantifier: re.Match[str]) -> bool:
    """Tell whether the number of repetitions is free."""
    return not (quantifier["least"] and not quantifier["comma"])


def _most(quantifier: re.Match[str]) -> int:
    if not quantifier["comma"]:
        return int(quantifier["least"] or 0)
    return int(quantifier["most"]) if quantifier["most"] else 10**9
