"""A login account exists, with its home and shell.

In: a person, or a service's own account. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.question import ABOUT, ABSENT, ask
from opspact.structs import Struct
from opspact.values.secret import Secrets

_NOBODY = 2  # getent's exit status for a name that it does not know
_NO_PROCESS = 1  # pkill's, where none matches
_NO_SHELL = "/usr/sbin/nologin"
_EXPIRED = 1  # the day, counted from 1970-01-01, on which a closed account ended: shadow(5) advises against 0
_DAY = 86400  # seconds

# Only root may read the last day; whoever may not would see an account that never ends.
_ACCOUNT = f"""\
{ABOUT}entry=$(getent passwd "$1") || exit
[ -r /etc/shadow ] || {{ echo "/etc/shadow cannot be read" >&2; exit 1; }}
shadow=$(getent shadow "$1") || [ $? = {_NOBODY} ] || exit 1
now=$(date +%s) || exit 1
printf '%s\\n' "$entry" "$shadow" "$now"
about -L -c '%F/%U' -- "$2" || [ $? = {ABSENT} ]
"""
_SHADOW_FIELDS = 9
_LAST_DAY = 7  # the place of the last day among them: shadow(5)


@dataclass(frozen=True, kw_only=True)
class Account(Step):
    """The account exists, without a password. Its groups are steps of their own (`Membership`).

    One that leaves is closed, not deleted: with its number, whatever else it left on the host would be the next one's
    who is given that number. Why: docs/decisions/0008-closed-accounts.md.
    """

    kind: ClassVar[str] = "account"
    rank: ClassVar[int] = 20
    question: ClassVar[str] = "does it exist and is it open, with its home and its shell?"

    name: str
    home: str
    comment: str = ""
    shell: str = "/bin/bash"
    system: bool = False

    @property
    def subject(self) -> str:
        """The account's name."""
        return self.name

    def tasks(self) -> tuple[Task, ...]:
        """Create or correct it."""
        arguments = {
            "name": self.name,
            "comment": self.comment,
            "home": self.home,
            "shell": self.shell,
            "system": self.system,
            "expires": -1,
            "state": "present",
        }
        return (Task(f"Create account {self.name}", "ansible.builtin.user", arguments),)

    def removal(self) -> tuple[Task, ...]:
        """Close it for good: no login of any kind, no job, no group; then end its processes. Its files stay its own.

        An account that does not exist any more is not created again.
        """
        close = {
            "name": self.name,
            "shell": _NO_SHELL,
            "expires": _EXPIRED * _DAY,
            "password_lock": True,
            "groups": [],
            "append": False,
            "state": "present",
        }
        return (
            Task(
                f"Look up account {self.name}",
                "ansible.builtin.command",
                {"argv": ["getent", "passwd", self.name]},
                {
                    "register": "opspact_account",
                    "changed_when": False,
                    "check_mode": False,
                    "failed_when": f"opspact_account.rc not in [0, {_NOBODY}]",
                },
            ),
            Task(f"Close account {self.name}", "ansible.builtin.user", close, {"when": "opspact_account.rc == 0"}),
            Task(
                f"Stop lingering services of {self.name}",
                "ansible.builtin.file",
                {"path": f"/var/lib/systemd/linger/{self.name}", "state": "absent"},
            ),
            Task(
                f"End the processes of {self.name}",
                "ansible.builtin.command",
                {"argv": ["pkill", "-KILL", "-U", self.name]},
                {
                    "register": "opspact_ended",
                    "changed_when": "opspact_ended.rc == 0",
                    "failed_when": f"opspact_ended.rc not in [0, {_NO_PROCESS}]",
                },
            ),
        )

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        seen = self._seen(host)
        if seen is None:
            yield "does not exist"
            return
        if seen.home != self.home:
            yield f"home is {seen.home}, expected {self.home}"
        if seen.shell != self.shell:
            yield f"shell is {seen.shell}, expected {self.shell}"
        if seen.has_ended:
            yield "is closed, expected open"
        if not seen.home_type:
            yield f"home {self.home} does not exist"
        elif seen.home_type != "directory":
            yield f"home {self.home} is a {seen.home_type}, expected a directory: move it away by hand"
        elif seen.home_owner != self.name:
            remedy = "check what is in it, then change its owner or move it away by hand"
            yield f"owner of home {self.home} is {seen.home_owner}, expected {self.name}: {remedy}"

    def present(self, host: CheckedHost) -> bool:
        """Whether an account of that name can be used; one that opspact closed cannot."""
        seen = self._seen(host)
        return seen is not None and not seen.is_closed

    def _seen(self, host: CheckedHost) -> "_Seen | None":
        """Return what the host knows of the account and of its wanted home."""
        failure = f"cannot look up account {self.name}"
        outcome = ask(host, _ACCOUNT, self.name, self.home, failure=failure, no=(_NOBODY,))
        if outcome.rc == _NOBODY:
            return None
        entry, shadow, now, *home_state = outcome.stdout.splitlines()
        _, _, _, _, _, home, shell = entry.split(":")
        fields = shadow.split(":") if shadow else [""] * _SHADOW_FIELDS
        if len(fields) != _SHADOW_FIELDS:
            raise ValueError(f"{failure}: its line in /etc/shadow has {len(fields)} fields")
        type_, _, owner = home_state[0].partition("/") if home_state else ("", "", "")
        last_day = int(fields[_LAST_DAY] or -1)
        return _Seen(home, shell, type_, owner, last_day=last_day, today=int(now) // _DAY)


class _Seen(Struct):
    """An account as the host knows it. `last_day` and `today` are days since 1970-01-01 UTC; -1: it never ends."""

    home: str
    shell: str
    home_type: str
    home_owner: str
    last_day: int
    today: int

    @property
    def has_ended(self) -> bool:
        """Whether nobody may log in to it any more."""
        return 0 <= self.last_day <= self.today

    @property
    def is_closed(self) -> bool:
        """Whether it is as a removal of ours leaves it."""
        return self.last_day == _EXPIRED and self.shell == _NO_SHELL
