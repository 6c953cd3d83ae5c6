"""What `--version` says: opspact's own version, and those of the Python and the Ansible that it works with.

Comes in: what is installed beside us. Goes out: a line. Ansible and mitogen are asked for by name and never loaded.
"""

import sys
from importlib import metadata

from opspact.fleet import mitogen_support


def version_line() -> str:
    """Return the versions in one line; it says why when mitogen does not carry runs here."""
    python = ".".join(map(str, sys.version_info[:3]))
    parts = [f"Python {python}", f"ansible-core {_installed('ansible-core')}"]
    mitogen = mitogen_support.find()
    if mitogen.plugins is None:
        parts.append(f"without mitogen: {mitogen.reason}")
    else:
        parts.append(f"mitogen {_installed('mitogen')}")
    return f"opspact {metadata.version('opspact')} ({', '.join(parts)})"


def _installed(package: str) -> str:
    """Given a package, return the version that is installed, or that none is."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
