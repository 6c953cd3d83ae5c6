"""An account for emergencies can be used while that is granted, and in no way otherwise.

In: an access policy, an account. Out: a step. Why: docs/decisions/0036-emergency-access.md.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from opspact.model import names
from opspact.steps.base import CheckedHost, Obstacle, Step, Task
from opspact.steps.closed_account import close_task
from opspact.steps.deletion import delete
from opspact.steps.host_program import ACCOUNT_ACCESS
from opspact.steps.question import ask, ask_program
from opspact.steps.traits import NeverAdopted
from opspact.values.secret import Secrets

MADE_HERE = "opspact emergency access"
"""How the comment of an account begins that the on-host program made (`onhost/emergency_grants`)."""
_LEEWAY = 60.0
"""Seconds after its end within which the host may still be at closing it."""
_NOBODY = 2  # getent's exit status for a name that it does not know
# What is granted, by whichever policy; of two files of one account the later end counts.
_ASK = f"""\
date +%s || exit 1
entry=$(getent passwd "$1") || [ $? = {_NOBODY} ] || exit 1
printf '%s\\n' "$entry"
rules=0
if [ -e "$2" ]; then rules=$(awk -v "name=$1" '$1 == name {{ n++ }} END {{ print n + 0 }}' "$2") || exit 1; fi
printf '%s\\n' "$rules"
for file in "$3"/*/"$1".json; do
  if [ -e "$file" ]; then tr -d '\\n' < "$file" || exit 1; echo; fi
done
"""


@dataclass(frozen=True, kw_only=True)
class EmergencyAccess(Step, NeverAdopted):
    """The account is closed, unless its access is granted and not over. The host opens and closes it by itself.

    `policy`: the name of the access policy. `groups`: those of which the account is a member meanwhile.
    """

    kind: ClassVar[str] = "emergency-access"
    rank: ClassVar[int] = 85
    question: ClassVar[str] = "can it be used although nobody granted that, or although the time is over?"

    account: str
    policy: str
    groups: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The account, and the policy."""
        return f"{self.account} in {self.policy}"

    @property
    def rules(self) -> str:
        """The path of the rules of sudo for what is granted."""
        return names.sudoers(self.policy)

    def tasks(self) -> tuple[Task, ...]:
        """Have the host close what is over; what is granted stays open."""
        place = names.settings(f"emergency_access/{self.policy}")
        words = ["/usr/bin/python3", "-I", names.program("emergency_access"), place, "expire"]
        says = {"register": "opspact_closed", "changed_when": "'changed' in opspact_closed.stdout | default('')"}
        name = f"Close emergency access of {self.account} that is over"
        return (Task(name, "ansible.builtin.command", {"argv": words}, says, in_loop={}),)

    def removal(self) -> tuple[Task, ...]:
        """Close it, granted or not. Its files stay its own."""
        return (
            delete(f"Delete the sudo rules of {self.policy}", self.rules),
            close_task(self.account),
            delete(f"Delete the grant of {self.account}", f"{names.emergency_grants(self.policy)}/{self.account}.json"),
        )

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield every way in which it can be used although it should be closed."""
        failure = f"cannot check account {self.account}"
        outcome = ask(host, _ASK, self.account, self.rules, names.EMERGENCY_FOLDER, failure=failure)
        now, entry, rules, *grants = outcome.stdout.splitlines()
        ends = [_end(grant, failure) for grant in grants]
        if ends and max(ends) + _LEEWAY >= float(now):
            return
        why = f"although its time was over at {_instant(max(ends))}" if ends else "although nobody granted that"
        if int(rules):
            yield f"sudo rules in {self.rules} name it {why}"
        if entry and not entry.split(":")[4].startswith(MADE_HERE):
            words = f"account {self.account} is not one that opspact made: give it or the person another name"
            yield Obstacle(words, "account of somebody else")
        elif entry:
            yield from self._open_ways(host, why)

    def _open_ways(self, host: CheckedHost, why: str) -> Iterator[str]:
        match self._seen(host):
            case {"refused": str(refused), "open": list(ways)}:
                if refused:
                    yield Obstacle(refused, "account that is not closed")
                yield from (f"can be used {why}: {way}" for way in ways)
            case _:
                raise ValueError(f"cannot check account {self.account}: unexpected answer")

    def _seen(self, host: CheckedHost) -> object:
        failure = f"cannot check account {self.account}"
        return json.loads(ask_program(host, ACCOUNT_ACCESS.text, "look", self.account, failure=failure).stdout)

    def present(self, host: CheckedHost) -> bool:
        """Whether there is such an account."""
        match self._seen(host):
            case {"exists": bool(exists)}:
                return exists
            case _:
                raise ValueError(f"cannot check account {self.account}: unexpected answer")

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether it cannot be used any more; closed accounts stay."""
        match self._seen(host):
            case {"refused": "", "open": []}:
                return True
            case _:
                return False


def _end(grant: str, failure: str) -> float:
    """Return when a grant ends, in seconds since the epoch; one that ended before its time is over."""
    try:
        match json.loads(grant):
            case {"until": int(until) | float(until), "over": str(over)}:
                return 0.0 if over else float(until)
    except ValueError:
        pass
    raise ValueError(f"{failure}: what is granted cannot be read")


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
