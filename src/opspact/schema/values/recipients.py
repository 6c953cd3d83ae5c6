"""Recipients: a roster, a team or a person, in two words.

Comes in: written text such as `roster hotline-day`. Goes out: a `Recipient`.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.text.suggestions import nearest
from opspact.values.recipient import Recipient

RECIPIENT_KINDS = ("roster", "team", "person")
_RECIPIENT = re.compile(r"([A-Za-z_]+) +([a-z][a-z0-9-]{0,63})")


def parse_recipient(value: object) -> Recipient:
    """Given a written value, return who is meant. Raise WrongValueError when it is none of the three."""
    match = _RECIPIENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        message = f"expected a roster, a team or a person, got {quote(value)}"
        raise InvalidValueError(Code.BAD_FORM, message, hint="for example roster hotline-day")
    if match[1] not in RECIPIENT_KINDS:
        near = nearest(match[1], RECIPIENT_KINDS)
        hint = f'did you mean "{near} {match[2]}"?' if near else f"one of {', '.join(RECIPIENT_KINDS)}"
        message = f"expected a roster, a team or a person, got {quote(match[1])}"
        raise InvalidValueError(Code.NOT_A_CHOICE, message, hint=hint)
    return Recipient(match[1], match[2])
