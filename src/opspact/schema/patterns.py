"""What editors know of the form of a value: regular expressions for JSON Schema.

Comes in: nothing. Goes out: patterns that both Python and JavaScript read.

The parsers decide; a pattern never refuses what its parser lets through (a test holds that), and shows in the editor
what would be refused anyway. It is looser where a parser knows more, such as that no April has 31 days.
"""

from typing import Final


def _any_case(words: str) -> str:
    """Given words, return an expression for them in capital or small letters, with any blanks between them."""
    letters = (r"\s+" if letter == " " else f"[{letter.upper()}{letter.lower()}]" for letter in words)
    return "".join(letters)


def _choice(*expressions: str) -> str:
    return f"(?:{'|'.join(expressions)})"


def whole(expression: str) -> str:
    """Given an expression, return it for the value as a whole, blanks around it left out."""
    return rf"^\s*{expression}\s*$"


def or_template(expression: str) -> str:
    """Given an expression, return it for a value that may hold variables: a template may give anything."""
    return rf"{expression}|\{{[{{%#]"


_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAYS: Final = rf"{_DAY}\s*\.\.\s*{_DAY}"
_OPEN_DAYS: Final = rf"{_DAY}\s*\.\.\s*(?:{_DAY})?"
_INSTANT: Final = rf"{_DAY}[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?"
_COMPACT: Final = "(?=[0-9])(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m(?!s))?(?:[0-9]{1,9}s)?(?:[0-9]{1,9}ms)?"
_WORDS: Final = "[0-9]{1,9} +(?:second|minute|hour|day|week)s?"
_ON_CALENDAR: Final = "[0-9]{1,9} +(?:business +(?:minute|hour)|working +day)s?"
_MONTHS: Final = "[0-9]{1,4} +(?:month|year)s?"
_TIME: Final = r"\s+[aA][tT]\s+(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_WEEK: Final = _choice(
    *map(_any_case, ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")),
)
_NUMBERS: Final = ("first", "second", "third", "fourth", "last")
_MONTH_DAY: Final = _choice(_any_case("day ") + "(?:[1-9]|1[0-9]|2[0-8])", _any_case("last day"))
_SCHEDULE: Final = _choice(
    _any_case("hourly at ") + ":[0-5][0-9]",
    _any_case("daily") + _TIME,
    _any_case("weekly on ") + _WEEK + _TIME,
    _choice(_any_case("monthly on "), _any_case("quarterly on ")) + _MONTH_DAY + _TIME,
    _choice(_any_case("monthly on "), _any_case("quarterly on "))
    + _choice(*map(_any_case, _NUMBERS))
    + r"\s+"
    + _WEEK
    + _TIME,
    r"[0-9*]\S*(?:\s+\S+){4}",
)

SOMETHING: Final = r"\S"
DAY: Final = f"^{_DAY}$"
USUAL_OR_DAY: Final = f"^{_choice('default', _DAY)}$"
DAYS: Final = whole(_DAYS)
OPEN_DAYS: Final = whole(_OPEN_DAYS)
DAY_OR_DAYS: Final = whole(_choice(_DAY, _DAYS))
INSTANT: Final = f"^{_INSTANT}$"
START: Final = f"^{_choice(_DAY, _INSTANT)}$"
SHARE: Final = r"^[0-9]{1,3}(?:\.[0-9]{1,6})? ?%$"
ELAPSED: Final = whole(_choice(_COMPACT, _WORDS))
BUDGET: Final = whole(_choice(_COMPACT, _WORDS, _ON_CALENDAR))
AGE: Final = whole(_choice(_COMPACT, _WORDS, _MONTHS))
SCHEDULE: Final = whole(_SCHEDULE)
_EVERY_WEEKS: Final = _any_case("every ") + "[1-9][0-9]?" + _any_case(" weeks on ") + _WEEK + _TIME
HANDOVER: Final = whole(_choice(_SCHEDULE, _EVERY_WEEKS))
FIRST_DUTY_OR_SCHEDULE: Final = whole(_choice("first duty", _SCHEDULE))
RECIPIENT: Final = whole("(?:roster|team|person) +[a-z][a-z0-9-]{0,63}")
KEPT_ELSEWHERE: Final = "^secret:(?:vault|env|file):."
MODE: Final = "^[0-7]{3,4}$"
ABSOLUTE: Final = "^/"
BELOW_ROOT: Final = "^/[^$]+$"
BELOW_FILES: Final = "^files/."
UNIT: Final = r"\.(?:service|socket|timer|path|target|mount|automount|slice|swap|device)$"
SUDO: Final = "^(?:ALL$|/.)"
URL: Final = "^[hH][tT][tT][pP][sS]?://."
PUBLIC_KEY: Final = r"^\s*(?:ssh-|ecdsa-|sk-)\S+\s+\S"
HOURS: Final = whole("[0-9]{2}:[0-9]{2} ?[-–] ?[0-9]{2}:[0-9]{2}")
YEARLY: Final = "^[0-9]{2}-[0-9]{2}$"
TARGET: Final = whole(r"(?:>=|<=|>|<|=) *[0-9]{1,9}(?:\.[0-9]{1,6})? *(?:%|s|m|h|days?)?")
