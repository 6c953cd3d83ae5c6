"""The accounts of a host that people can log in to, as they are.

In: nothing. Out: plain data, without a password in any form. A part of the program that says what a host has
(`host_state`).
"""

from __future__ import annotations

from opspact.onhost.accepted_keys import KEY_FILES, key_lines
from opspact.onhost.sudo_rules import ETC, text_of

NO_SHELLS = {"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"}
FIRST_UID = 1000  # of people's accounts, where login.defs does not say
NOBODY = 65534
ENTRY = 7  # fields of a line of passwd(5)


def lines_with_fields(name: str, number: int) -> list[list[str]]:
    """Given the name of a file in /etc and how many fields its lines have, return those that have as many."""
    lines = (line.split(":") for line in text_of(f"{ETC}/{name}").splitlines())
    return [each for each in lines if len(each) >= number]


def first_user_id() -> int:
    """Return the lowest user id of a person's account."""
    words = (line.split() for line in text_of(f"{ETC}/login.defs").splitlines())
    return next((int(it[1]) for it in words if it[:1] == ["UID_MIN"] and it[1].isdigit()), FIRST_UID)


def keys_of(home: str) -> list[str] | None:
    """Given a home, return the lines of its first file of keys; None: it is behind a link, or cannot be read."""
    try:
        lines = key_lines(f"{home}/{KEY_FILES[0]}", home)
    except PermissionError:  # a home that root may not read, on NFS
        return None
    return None if lines is None else [line.decode("utf-8", "replace") for line in lines]


def people_accounts() -> list[dict[str, object]]:
    """Return the accounts of people, in the order of the file."""
    first = first_user_id()
    groups = lines_with_fields("group", 4)
    passwords = {each[0]: each[1] for each in lines_with_fields("shadow", 2)}
    found: list[dict[str, object]] = []
    for name, _, number, _, comment, home, shell, *_ in lines_with_fields("passwd", ENTRY):
        if not number.isdigit() or not first <= int(number) != NOBODY or shell in NO_SHELLS:
            continue
        found.append(
            {
                "name": name,
                "user_id": int(number),
                "comment": comment,
                "home": home,
                "shell": shell or "/bin/sh",
                "groups": [each[0] for each in groups if name in each[3].split(",")],
                "keys": keys_of(home),
                "has_password": not passwords.get(name, "!").startswith(("!", "*")),
            }
        )
    return found
