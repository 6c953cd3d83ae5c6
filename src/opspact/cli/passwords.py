"""The passwords that hosts ask for: named by reference or typed in, had once, and only when hosts are reached.

Comes in: the global options. Goes out: a secret, in memory alone.
"""

import getpass
import sys
from pathlib import Path

from opspact.errors import Refused
from opspact.fleet import secrets
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.secrets import parse_secret
from opspact.structs import Struct
from opspact.values.secret import Secret, SecretReference

_FORMS = "secret:vault:NAME, secret:env:NAME or secret:file:PATH"


class PasswordOption(Struct):
    """One password's two options, and what it is: `given` takes a reference, `ask` has it typed in."""

    given: str
    ask: str
    title: str


SUDO = PasswordOption("--become-password", "--ask-become-pass", "sudo password")
SSH = PasswordOption("--ssh-password", "--ask-pass", "SSH password")


def password(option: PasswordOption, reference: str, contract: Path, *, ask: bool) -> Secret | None:
    """Given what the options say, return the password; None when they name none.

    Raise Refused when both ways are named, the reference is none, its secret cannot be had, or nobody is there to ask.
    """
    if ask and reference:
        raise Refused(f"{option.ask} and {option.given} cannot be used together", hint="use one of them")
    if ask:
        return _typed(option)
    if not reference:
        return None
    found = _reference(option, reference)
    return secrets.resolve([found], contract)[found]


def _reference(option: PasswordOption, text: str) -> SecretReference:
    """Given the option's text, return the reference. The text is not repeated: it may be the password itself."""
    try:
        found = parse_secret(text)
        return SecretReference(found.scheme, found.name)
    except InvalidValueError:
        message = f"{option.given} takes a reference, not the password itself"
        raise Refused(message, hint=f"use {_FORMS}, or {option.ask} for a prompt") from None


def _typed(option: PasswordOption) -> Secret:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Refused(
            f"cannot prompt for the {option.title}: standard input is not a terminal",
            hint=f"use {option.given} {_FORMS}",
        )
    text = getpass.getpass(f"{option.title}: ", stream=sys.stderr)
    if not text:
        raise Refused("no password entered; nothing was changed")
    return Secret(text)
