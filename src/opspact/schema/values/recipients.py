"""Who is told: a roster, a team or a person, in two words.

Comes in: written text such as `roster hotline-day`. Goes out: a frozen value.
"""

import re
from dataclasses import dataclass

from opspact.schema.codes import Code
from opspact.schema.value_error import WrongValueError, shown
from opspact.text.suggestions import nearest

TOLD_KINDS = ("roster", "team", "person")
_TOLD = re.compile(r"([A-Za-z_]+) +([a-z][a-z0-9-]{0,63})")


@dataclass(frozen=True, slots=True)
class Told:
    """Whoever is on a roster, everybody of a team, or one person."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as written."""
        return f"{self.kind} {self.name}"


def parse_told(value: object) -> Told:
    """Given a written value, return who is meant. Raise WrongValueError when it is none of the three."""
    match = _TOLD.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        message = f"expected a roster, a team or a person, got {shown(value)}"
        raise WrongValueError(Code.BAD_FORM, message, hint="for example roster hotline-day")
    if match[1] not in TOLD_KINDS:
        near = nearest(match[1], TOLD_KINDS)
        hint = f'did you mean "{near} {match[2]}"?' if near else f"one of {', '.join(TOLD_KINDS)}"
        message = f"expected a roster, a team or a person, got {shown(match[1])}"
        raise WrongValueError(Code.NOT_A_CHOICE, message, hint=hint)
    return Told(match[1], match[2])
