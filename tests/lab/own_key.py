"""Logins to hosts of the lab with a key of one's own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit import Lab


def make_key(folder: Path, name: str) -> Path:
    """Return a private key; the public one lies beside it."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
    return file


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text(encoding="utf-8").strip()


def login(lab: Lab, host: str, key: Path, *, user: str, command: str) -> list[str]:
    """Return the words that run a command on a host as a user, with this key."""
    own = {f"IdentityFile={lab.key}": f"IdentityFile={key}"}
    return [*(own.get(word, word) for word in lab.ssh_command(host, user=user)), command]


def logs_in(lab: Lab, host: str, key: Path, *, user: str, command: str = "id -un") -> tuple[str, str]:
    """Return what a login says, and the complaints about it."""
    words = login(lab, host, key, user=user, command=command)
    said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return said.stdout, said.stderr


@contextmanager
def session(lab: Lab, host: str, key: Path, *, user: str) -> Iterator["subprocess.Popen[str]"]:
    """Yield a session on a host that goes on."""
    words = login(lab, host, key, user=user, command="echo in; exec sleep 300")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as started:
        try:
            assert started.stdout is not None
            assert started.stdout.readline() == "in\n"
            yield started
        finally:
            started.kill()
