"""Places for signed heads of the ledger, as a contract names them: a file, a branch in git, a file on a host.

Comes in: text. Goes out: the text; it means the same place wherever a command is started.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError

FORMS = "^(file:[/~]|git:([/~]|(?![A-Za-z0-9]+::)[A-Za-z0-9][^#]*:)|host:[A-Za-z0-9][A-Za-z0-9_.:@%+-]*:/)"
"""A repository is an absolute path or a URL; no `transport::address`, by which git starts another program."""
WORDS = "file:/PATH, git:REPOSITORY#BRANCH or host:NAME:/PATH"


def known_place(text: str) -> str:
    """Given a place, return it. Raise InvalidValueError when it is none."""
    if not re.match(FORMS, text):
        raise InvalidValueError(Code.BAD_FORM, f"expected {WORDS}, got {text!r}")
    return text
