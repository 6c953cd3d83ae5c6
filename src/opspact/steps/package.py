"""A Debian package is installed.

In: a package name from a policy. Out: a step.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.question import ask, reason
from opspact.steps.traits import LeavesRemains, RequiredByOthers
from opspact.steps.unit import Unit
from opspact.text.names import list_names
from opspact.values.secret import Secrets

_MOST_NAMED = 3
LISTS_VALID_SECONDS = 3600  # fresh enough to find a package; apt is asked for new lists only when older


def install(packages: Sequence[str]) -> Task:
    """Given packages, return the task that installs them in one go, with package lists no older than an hour."""
    arguments = {
        "name": packages[0] if len(packages) == 1 else list(packages),
        "state": "present",
        "update_cache": True,
        "cache_valid_time": LISTS_VALID_SECONDS,
    }
    return Task(f"Install {', '.join(packages)}", "ansible.builtin.apt", arguments)


_INSTALLED = "LC_ALL=C dpkg-query --show --showformat='${Status}\\n' -- \"$1\""
_STATUS = re.compile(r"[a-z]+ [a-z]+ [a-z-]+")  # what is wanted, whether it is broken, what is there: dpkg(1)
# What units are made of: the file that defines one, and the programs that it starts.
_USES = """\
files=$(LC_ALL=C dpkg-query --listfiles -- "$1") || exit 1
shift
for unit do
  echo "unit $unit"
  systemctl show --property=FragmentPath,ExecStart,ExecStartPre -- "$unit" || exit 1
done
printf 'files\\n%s\\n' "$files"
"""
_PROGRAM = re.compile(r"\bpath=(/\S+) ;")
_MERGED = re.compile(r"^/(?=(?:bin|sbin|lib\w*)/)")  # they are links on Debian, and packages list either path
_STATUS_INSTALLED = re.compile(r"(?:install|hold) ok installed")
_ASK = ("apt-get", "--simulate", "-o", "Debug::NoLocking=true", "remove")
"""Says what a removal would do, without doing it and without waiting for another apt."""


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


@dataclass(frozen=True, kw_only=True)
class Package(Step, LeavesRemains, RequiredByOthers):
    """The package is installed, in whatever version the host's sources give."""

    kind: ClassVar[str] = "package"
    rank: ClassVar[int] = 10
    question: ClassVar[str] = "is it installed?"

    name: str

    @property
    def subject(self) -> str:
        """The package's name."""
        return self.name

    def tasks(self) -> tuple[Task, ...]:
        """Install it."""
        return (install([self.name]),)

    def removal(self) -> tuple[Task, ...]:
        """Remove it, unless others need it; its configuration stays, as Debian does it."""
        return remove([self.name])

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that it is missing."""
        if not self.present(host):
            yield "is not installed"

    def present(self, host: CheckedHost) -> bool:
        """Whether it is installed."""
        failure = f"cannot look up package {self.name}"
        outcome = ask(host, _INSTALLED, self.name, failure=failure, no=(1,))
        if outcome.rc == 0:
            states = outcome.stdout.splitlines()
            if not states or not all(map(_STATUS.fullmatch, states)):
                raise ValueError(f"{failure}: unexpected answer {outcome.stdout[:200]!r}")
            return any(_STATUS_INSTALLED.fullmatch(state) for state in states)
        if "no packages found matching" in outcome.stderr:
            return False
        raise ValueError(f"{failure}: {reason(outcome)}")

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether it is not installed, or stays for the sake of others."""
        return not self.present(host) or bool(self.remains(host))

    def remains(self, host: CheckedHost) -> str:
        """Which packages need it."""
        return self.required_by(host, {self.identity})

    def required_by(self, host: CheckedHost, leaving: Collection[str]) -> str:
        """Return which packages apt would remove with it, or install in its place, beside those that leave with it."""
        answer = ask(host, '"$@"', *_ASK, self.name, failure="apt cannot say what it would remove")
        words = [line.split() for line in answer.stdout.splitlines()]
        touched = [(line[0], line[1]) for line in words if len(line) > 1]
        along = [name for what, name in touched if what == "Remv" and f"{self.kind} {name}" not in leaving]
        instead = [name for what, name in touched if what == "Inst"]
        if along:
            return f"needed by {list_names(sorted(along), _MOST_NAMED)}"
        return f"apt would install {list_names(sorted(instead), _MOST_NAMED)} in its place" if instead else ""

    def used_by(self, host: CheckedHost, wanted: Collection[Step]) -> str:
        """Return a unit that is defined in one of the package's files, or starts one."""
        units = {step.name: step.identity for step in wanted if isinstance(step, Unit) and step.running}
        if not units or not self.present(host):
            return ""
        failure = f"cannot find out which units need package {self.name}"
        text = ask(host, _USES, self.name, *units, failure=failure).stdout
        shown, found, files = text.partition("\nfiles\n")
        if not found:
            raise ValueError(f"{failure}: unexpected answer {text[:200]!r}")
        own = set(map(_real, files.splitlines()))
        for part in f"\n{shown}".split("\nunit ")[1:]:
            name, _, lines = part.partition("\n")
            fragment = re.findall(r"^FragmentPath=(/.+)$", lines, re.MULTILINE)
            if not own.isdisjoint(map(_real, (*fragment, *_PROGRAM.findall(lines)))):
                return units[name]
        return ""


def _real(path: str) -> str:
    return _MERGED.sub("/usr/", path)
