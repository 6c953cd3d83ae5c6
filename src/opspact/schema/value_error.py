"""A written value that does not fit: what the fields' own validators raise.

Comes in: a code, a message, a hint. Goes out: an exception that pydantic gathers and `read` turns into a problem.
"""

from opspact.schema.codes import Code
from opspact.schema.yaml.nodes import PathPart
from opspact.text.unicode import escaped


class InvalidValueError(ValueError):
    """The value does not fit. `below` is the path from the validated value to the part meant.

    `secret` says that neither the value nor its line may be shown.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        hint: str = "",
        below: tuple[PathPart, ...] = (),
        secret: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.below = below
        self.secret = secret


def quote(value: object) -> str:
    """Given a plain value, return it fit for a message: text in quotes, long text cut, collections only named."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            cut = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
            return '"' + escaped(cut) + '"'
        case dict():
            return "a mapping"
        case tuple() | list():
            return "a list"
        case _:
            return str(value)


_LONGEST_SHOWN = 60
