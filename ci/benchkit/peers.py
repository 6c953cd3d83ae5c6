"""The peers, installed by pip in an environment of their own, outside the repository.

In: nothing. Out: the folder of that environment's programs.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from benchkit.timing import BenchError

PINNED = (
    "ansible-core==2.19.14",
    "paramiko==4.0.0",  # what pyinfra 3.10 takes
    "py-spy==0.4.3",  # shows what takes the time where a number is not reached
    "pyinfra==3.10.0",
    "pytest-testinfra==10.2.2",
    "msgspec==0.22.0",  # our steps are read back there
)


def version(name: str) -> str:
    """Given a peer's name, return its pinned version."""
    return next(pin.partition("==")[2] for pin in PINNED if pin.startswith(f"{name}=="))


@cache
def programs() -> Path:
    """Return the folder of the peers' programs; they are installed at the first call on a machine."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opspact-bench"
    key = hashlib.sha256(repr((PINNED, sys.version_info[:3])).encode()).hexdigest()[:12]
    folder = cache / key
    if not (folder / "complete").exists():
        print(f"installing the peers: {', '.join(PINNED)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(folder)])
        _call([str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *PINNED])
        (folder / "complete").touch()
    return folder / "bin"


def _call(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(arguments[:4])} …: {done.stderr.strip()[-2000:]}")
