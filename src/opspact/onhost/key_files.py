"""The program that looks at keys which sshd accepts for an account, and deletes those of files elsewhere.

In: `look NAME HOME` or `delete NAME HOME KEY…`. Out: for `look` one JSON object: `ssh` is what is at `HOME/.ssh` and in
it (`ssh_folder`); `read` is whether sshd, as it is configured, reads `authorized_keys` there; `files` has each other
file that it reads, with its `lines` (null: it is behind a link) and whether it is this account's `own`. `delete`
deletes the account's own ones in which other keys are, keeps their content in `/var/lib/opspact/former-files`, and
writes `changed`; it deletes none unless sshd reads the first. Runs on hosts, as root: python3, 3.9 or newer, and
nothing else.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
from posixpath import dirname

from opspact.onhost.accepted_keys import KEY_FILES, configured_patterns, expand, is_of_one, key_lines
from opspact.onhost.host_files import described, locate
from opspact.onhost.ssh_folder import ssh_folder

FORMER = "/var/lib/opspact/former-files"


def files_of(name: str, home: str) -> tuple[bool, dict[str, bool]]:
    """Given an account and its home, return whether sshd reads our file, and the others that it reads: own or not."""
    ours = {f"{home}/{path}" for path in KEY_FILES}
    try:
        uid = str(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return True, {}
    patterns = configured_patterns(name)
    paths = {expand(it, name=name, uid=uid, home=home): is_of_one(it) for it in patterns}
    return not patterns or f"{home}/{KEY_FILES[0]}" in paths, {it: own for it, own in paths.items() if it not in ours}


def decoded(lines: list[bytes] | None) -> list[str] | None:
    """Given lines of a file of keys, return them as text."""
    return None if lines is None else [line.decode("utf-8", "replace") for line in lines]


def delete(path: str, home: str) -> None:
    """Delete a file of keys, or the link that leads to it; keep what was in the file."""
    place = locate(path, home)
    if place is None:
        return
    folder, name = place
    try:
        lines = key_lines(path, home)
        if lines is not None and not os.path.lexists(FORMER + path):
            os.makedirs(dirname(FORMER + path), mode=0o700, exist_ok=True)  # noqa: PTH103 - pathlib is slow to load
            os.chmod(FORMER, 0o700)  # noqa: PTH101 - as above
            with os.fdopen(os.open(FORMER + path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(b"".join(line + b"\n" for line in lines))
        os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)


def main(what: str, name: str, home: str, *keys: str) -> int:
    """Look or delete; return the exit status."""
    read, files = files_of(name, home)
    if what == "look":
        found = {path: {"own": own, "lines": decoded(key_lines(path, home))} for path, own in files.items()}
        sys.stdout.write(json.dumps({"ssh": ssh_folder(home, name), "read": read, "files": found}) + "\n")
        return 0
    for path in (path for path, own in files.items() if own and read):
        lines = decoded(key_lines(path, home))
        if lines is None or not set(lines) <= set(keys):
            delete(path, home)
            sys.stdout.write("changed\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError as problem:
        sys.exit(described(problem))
