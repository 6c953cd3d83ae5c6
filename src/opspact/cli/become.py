"""The password that sudo asks for on hosts: named by reference or typed in, had once, and only when hosts are reached.

Comes in: the global options. Goes out: a secret, in memory alone.
"""

import getpass
import sys
from pathlib import Path

from opspact.errors import Refused
from opspact.fleet import secrets
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.secrets import parse_secret
from opspact.values.secret import Secret, SecretReference

_FORMS = "secret:vault:NAME, secret:env:NAME or secret:file:PATH"


def become_password(reference: str, contract: Path, *, ask: bool) -> Secret | None:
    """Given what the options say, return sudo's password; None when they name none.

    Raise Refused when both ways are named, the reference is none, its secret cannot be had, or nobody is there to ask.
    """
    if ask and reference:
        raise Refused("--ask-become-pass and --become-password cannot be used together", hint="use one of them")
    if ask:
        return _typed()
    if not reference:
        return None
    found = _reference(reference)
    return secrets.resolve([found], contract)[found]


def _reference(text: str) -> SecretReference:
    """Given the option's text, return the reference. The text is not repeated: it may be the password itself."""
    try:
        found = parse_secret(text)
        return SecretReference(found.scheme, found.name)
    except InvalidValueError:
        message = "--become-password takes a reference, not the password itself"
        raise Refused(message, hint=f"use {_FORMS}, or --ask-become-pass for a prompt") from None


def _typed() -> Secret:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Refused(
            "cannot prompt for the sudo password: standard input is not a terminal",
            hint=f"use --become-password {_FORMS}",
        )
    text = getpass.getpass("sudo password: ", stream=sys.stderr)
    if not text:
        raise Refused("no password entered; nothing was changed")
    return Secret(text)
