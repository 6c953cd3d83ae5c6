"""Debian's packages: apt and dpkg, as Ansible and as a host's shell speak of them. No other module of steps does.

In: names of packages. Out: what `package_manager.PackageManager` says.
"""

import re
from collections.abc import Collection, Sequence

from opspact.steps.base import CheckedHost, Task
from opspact.steps.package_manager import Removal
from opspact.steps.question import ask, reason

NAME = "apt"
FILES = 'LC_ALL=C dpkg-query --listfiles -- "$1"'
LISTS_VALID_SECONDS = 3600  # fresh enough to find a package; apt is asked for new lists only when older

_INSTALLED = "LC_ALL=C dpkg-query --show --showformat='${Status}\\n' -- \"$1\""
_STATUS = re.compile(r"[a-z]+ [a-z]+ [a-z-]+")  # what is wanted, whether it is broken, what is there: dpkg(1)
_STATUS_INSTALLED = re.compile(r"(?:install|hold) ok installed")
_MERGED = re.compile(r"^/(?=(?:bin|sbin|lib\w*)/)")  # they are links on Debian, and packages list either path
_ASK = ("apt-get", "--simulate", "-o", "Debug::NoLocking=true", "remove")
"""Says what a removal would do, without doing it and without waiting for another apt."""


def install(packages: Sequence[str]) -> Task:
    """Given packages, return the task that installs them in one go, with package lists no older than an hour."""
    arguments = {
        "name": packages[0] if len(packages) == 1 else list(packages),
        "state": "present",
        "update_cache": True,
        "cache_valid_time": LISTS_VALID_SECONDS,
    }
    return Task(f"Install {', '.join(packages)}", "ansible.builtin.apt", arguments)


def remove(packages: Sequence[str]) -> tuple[Task, ...]:
    """Given packages, return the tasks that remove them in one go, unless apt would remove or install another with it.

    Their configuration stays, as Debian does it.
    """
    named = ", ".join(packages)
    touched = "opspact_removal.stdout_lines | select('match', '(Remv|Inst) ') | map('split') | map(attribute=1)"
    asked = Task(
        f"Ask apt what it would remove with {named}",
        "ansible.builtin.command",
        {"argv": [*_ASK, *packages]},
        {"register": "opspact_removal", "changed_when": False, "check_mode": False},
    )
    arguments = {
        "name": packages[0] if len(packages) == 1 else list(packages),
        "state": "absent",
        "autoremove": False,
    }
    keywords = {
        "vars": {"opspact_leaving": list(packages)},
        "when": f"{touched} | difference(opspact_leaving) | length == 0",
    }
    return (asked, Task(f"Remove {named} unless others need it", "ansible.builtin.apt", arguments, keywords))


def is_installed(host: CheckedHost, package: str) -> bool:
    """Whether dpkg says that the package is installed. Raise ValueError when it does not say."""
    failure = f"cannot look up package {package}"
    outcome = ask(host, _INSTALLED, package, failure=failure, no=(1,))
    if outcome.rc == 0:
        states = outcome.stdout.splitlines()
        if not states or not all(map(_STATUS.fullmatch, states)):
            raise ValueError(f"{failure}: unexpected answer {outcome.stdout[:200]!r}")
        return any(_STATUS_INSTALLED.fullmatch(state) for state in states)
    if "no packages found matching" in outcome.stderr:
        return False
    raise ValueError(f"{failure}: {reason(outcome)}")


def removal(host: CheckedHost, package: str) -> Removal:
    """Return what apt would do with the package's removal. Raise ValueError when it does not say."""
    answer = ask(host, '"$@"', *_ASK, package, failure="apt cannot say what it would remove")
    words = [line.split() for line in answer.stdout.splitlines()]
    touched = [(line[0], line[1]) for line in words if len(line) > 1]
    return Removal(
        along=tuple(name for what, name in touched if what == "Remv" and name != package),
        instead=tuple(name for what, name in touched if what == "Inst"),
    )


def canonical_paths(paths: Collection[str]) -> frozenset[str]:
    """Given paths, return them with those below /bin, /sbin and /lib below /usr, where these links lead."""
    return frozenset(_MERGED.sub("/usr/", path) for path in paths)
