"""Which keys log in to an account, where sshd as it is configured looks for them; and its person's in other accounts.

In: an account. Out: the files in question. A part of the program that closes accounts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from opspact.onhost.accepted_keys import expand, is_of_one, key_lines, key_patterns
from opspact.onhost.account_files import Account, Opening, lines_of, listed
from opspact.onhost.host_files import locate


def key_paths(account: Account) -> list[str]:
    """Return the files in which sshd, as it is configured, looks for keys of this account and of no other."""
    own = filter(is_of_one, key_patterns(account.name))
    return list(dict.fromkeys(expand(it, name=account.name, uid=str(account.uid), home=account.home) for it in own))


def keys_in(path: str, account: Account) -> str:
    """Given a file of keys, return in words what of it can log in; empty: nothing can."""
    lines = key_lines(path, account.home)
    if lines is None:
        return f"keys behind a symbolic link can log in: {path}"
    return f"{len(lines)} key{'' if len(lines) == 1 else 's'} can log in: {path}" if lines else ""


def delete_keys(path: str, account: Account) -> None:
    """Delete a file of keys, or the link that leads to it."""
    found = locate(path, account.home)
    if found is not None:
        folder, name = found
        try:
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)


def of_keys(account: Account) -> Iterator[Opening]:
    """Yield the files whose keys can log in to the account."""
    owner = None
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        owner = Path(account.home).stat().st_uid
    for path in key_paths(account):
        words = keys_in(path, account)
        if not words:
            continue
        is_below = path.startswith(account.home.rstrip("/") + "/")
        if is_below and (owner not in {0, account.uid} or account.home in {"/", "/root"}):
            yield Opening(f"{words}; the home is not its own: remove them by hand")
        else:
            yield Opening(words, partial(delete_keys, path, account))


def of_other_accounts(name: str, blobs: set[bytes]) -> Iterator[Opening]:
    """Given an account's name and its person's public keys (base64), yield where they log in to other local accounts.

    Those are others' to change. What is behind a link is not read.
    """
    unread = []
    patterns = key_patterns("root") if blobs else []
    paths = {pattern: ("any account", "/") for pattern in patterns if not is_of_one(pattern)}
    for line in lines_of(Path("/etc/passwd")) if blobs else ():
        other, _, uid, _, _, home, *_ = [*line.split(":"), *[""] * 6]
        for pattern in filter(is_of_one, patterns if home and other != name else ()):
            paths.setdefault(expand(pattern, name=other, uid=uid, home=home), (other, home))
    for path, (other, home) in sorted(paths.items()):
        try:
            lines = key_lines(path, home) or []
        except PermissionError:  # a home that root may not read, on NFS
            unread.append(path)
            continue
        if any(not blobs.isdisjoint(line.split()) for line in lines):
            yield Opening(f"a key of its person logs in to {other}: {path}; remove it there by hand")
    if unread:
        named = listed(unread)
        yield Opening(f"it is not known whether a key of its person logs in to other accounts: {named} cannot be read")
