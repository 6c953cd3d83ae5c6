"""A package is installed.

In: a package name from a policy. Out: a step.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.operating_system import DEBIAN, OperatingSystem
from opspact.steps.question import ask
from opspact.steps.traits import LeavesRemains, RequiredByOthers
from opspact.steps.unit import Unit
from opspact.text.names import list_names
from opspact.values.secret import Secrets

_MOST_NAMED = 3
_USES = """\
files=$({files}) || exit 1
shift
for unit do
  echo "unit $unit"
  {programs} || exit 1
done
printf 'files\\n%s\\n' "$files"
"""


@dataclass(frozen=True, kw_only=True)
class Package(Step, LeavesRemains, RequiredByOthers):
    """The package is installed, in whatever version the host's sources give."""

    kind: ClassVar[str] = "package"
    rank: ClassVar[int] = 10
    question: ClassVar[str] = "is it installed?"

    system: ClassVar[OperatingSystem] = DEBIAN
    """The family of the hosts' operating systems; docs/decisions/0032."""

    name: str

    @property
    def subject(self) -> str:
        """The package's name."""
        return self.name

    def tasks(self) -> tuple[Task, ...]:
        """Install it."""
        return (self.system.packages.install([self.name]),)

    def removal(self) -> tuple[Task, ...]:
        """Remove it, unless others need it; its configuration stays, as Debian does it."""
        return self.system.packages.remove([self.name])

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that it is missing."""
        if not self.present(host):
            yield "is not installed"

    def present(self, host: CheckedHost) -> bool:
        """Whether it is installed."""
        return self.system.packages.is_installed(host, self.name)

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether it is not installed, or stays for the sake of others."""
        return not self.present(host) or bool(self.remains(host))

    def remains(self, host: CheckedHost) -> str:
        """Which packages need it."""
        return self.required_by(host, {self.identity})

    def required_by(self, host: CheckedHost, leaving: Collection[str]) -> str:
        """Return which packages a removal would remove too, beside those that leave with it, or install instead."""
        packages = self.system.packages
        removal = packages.removal(host, self.name)
        along = [name for name in removal.along if f"{self.kind} {name}" not in leaving]
        if along:
            return f"needed by {list_names(sorted(along), _MOST_NAMED)}"
        if removal.instead:
            return f"{packages.NAME} would install {list_names(sorted(removal.instead), _MOST_NAMED)} in its place"
        return ""

    def used_by(self, host: CheckedHost, wanted: Collection[Step]) -> str:
        """Return a unit that is defined in one of the package's files, or starts one."""
        units = {step.name: step.identity for step in wanted if isinstance(step, Unit) and step.running}
        if not units or not self.present(host):
            return ""
        failure = f"cannot find out which units need package {self.name}"
        packages, services = self.system.packages, self.system.services
        script = _USES.format(files=packages.FILES, programs=services.PROGRAMS)
        text = ask(host, script, self.name, *units, failure=failure).stdout
        shown, found, files = text.partition("\nfiles\n")
        if not found:
            raise ValueError(f"{failure}: unexpected answer {text[:200]!r}")
        own = packages.canonical_paths(files.splitlines())
        for part in f"\n{shown}".split("\nunit ")[1:]:
            name, _, lines = part.partition("\n")
            if not own.isdisjoint(packages.canonical_paths(services.programs(lines))):
                return units[name]
        return ""
