"""SSH keys made for a test, and who they belong to."""

import subprocess
from datetime import datetime
from pathlib import Path

from opspact.fleet.ssh_signature import Signer


def make_key(folder: Path, name: str = "id_ed25519", *options: str) -> Path:
    """Make a key without a passphrase, and return its file."""
    file = folder / name
    given = options or ("-t", "ed25519")
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", name, "-f", file, *given], check=True)
    return file


def public_line(file: Path) -> str:
    return file.with_name(f"{file.name}.pub").read_text(encoding="ascii").strip()


def signer_of(
    file: Path, person: str = "li-na", *, since: datetime | None = None, until: datetime | None = None
) -> Signer:
    return Signer(person, public_line(file), since, until)
