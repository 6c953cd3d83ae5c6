"""Whether mitogen can carry a run, and where its strategy plugins lie.

Comes in: versions of mitogen and ansible-core. Goes out: a folder of plugins, or the reason why not. Mitogen itself is
loaded by Ansible only, never here.
"""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from opspact.structs import Struct

SUPPORTED = {(0, 3, 54): ((2, 16), (2, 21))}
"""mitogen from this version on → the first and last ansible-core that we trust it with.

Mitogen 0.3.54 itself declares a lower bound only (2.10, `ansible_mitogen/loaders.py`) and may break on cores that it
does not know. The last one here is the newest that its own code distinguishes; `ci/test` runs 2.19 and the newest.
"""

_STRATEGY = Path(__file__).resolve().with_name("strategy")
"""Our own folder: its `mitogen_linear` is mitogen's, set right for machines with few processors."""


class Mitogen(Struct):
    """What is known about mitogen here: its plugins' folder when it fits, else `reason` says why not."""

    plugins: Path | None
    reason: str = ""


def find() -> Mitogen:
    """Return whether the mitogen installed beside us supports the ansible-core installed beside us."""
    spec = find_spec("ansible_mitogen")
    if spec is None or not spec.submodule_search_locations:
        return Mitogen(None, "mitogen is not installed")
    try:
        reason = incompatibility(mitogen=version("mitogen"), ansible_core=version("ansible-core"))
    except PackageNotFoundError as error:
        return Mitogen(None, f"{error.name} is not installed as a package, so its version is unknown")
    if reason:
        return Mitogen(None, reason)
    return Mitogen(_STRATEGY)


def incompatibility(*, mitogen: str, ansible_core: str) -> str:
    """Given both versions, return why they do not fit together, or nothing when they do."""
    bounds = [cores for first, cores in SUPPORTED.items() if _numbers(mitogen) >= first]
    if not bounds:
        return f"mitogen {mitogen} is older than {'.'.join(map(str, min(SUPPORTED)))}"
    lowest, highest = bounds[-1]
    if not lowest <= _numbers(ansible_core)[:2] <= highest:
        return f"mitogen {mitogen} is not known to work with ansible-core {ansible_core}"
    return ""


def _numbers(text: str) -> tuple[int, ...]:
    """Given a version, return its leading numbers: `2.19.0rc1` is (2, 19)."""
    numbers = []
    for part in text.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
