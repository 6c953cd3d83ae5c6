"""Secrets are written by reference only.

Comes in: written text such as `secret:vault:borg`. Goes out: a `SecretReference`.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError
from opspact.values.secret import Scheme, SecretReference

_REFERENCE = re.compile(r"secret:(vault|env|file):(.+)")
_NAMES = {
    "vault": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}"),
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"),
    "file": re.compile(r"[A-Za-z0-9_./~@+-][A-Za-z0-9_./~@+ -]{0,254}"),
}
_HINT = "use secret:vault:NAME, secret:env:NAME or secret:file:PATH"


def is_reference(value: object) -> bool:
    """Given a written value, return whether it means to be a reference."""
    return isinstance(value, str) and value.startswith("secret:")


def parse_secret(value: object) -> SecretReference:
    """Given a written value, return its reference. Raise WrongValueError when it is none, without repeating it."""
    if not is_reference(value):
        message = "plaintext secret: change it now, and refer to the new one"
        if not isinstance(value, str) or not value:
            message = "expected a reference to a secret"
        raise InvalidValueError(Code.BAD_SECRET, message, hint=_HINT, secret=True)
    match = _REFERENCE.fullmatch(str(value))
    if match is None or not _NAMES[match[1]].fullmatch(match[2]):
        raise InvalidValueError(Code.BAD_SECRET, "invalid reference to a secret", hint=_HINT, secret=True)
    scheme: Scheme = "vault"
    match match[1]:
        case "env":
            scheme = "env"
        case "file":
            scheme = "file"
    return SecretReference(scheme, match[2])
