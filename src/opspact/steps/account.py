"""A login account exists, with its home and shell.

In: a person, or a service's own account. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from opspact.steps.base import CheckedHost, Obstacle, Step, Task
from opspact.steps.closed_account import EndsWithAccount, close_task
from opspact.steps.question import ABOUT, ABSENT, ask
from opspact.steps.traits import KeepsState
from opspact.structs import Struct
from opspact.values.secret import Secrets

_NOBODY = 2  # getent's exit status for a name that it does not know
_NOBODY_UID = 65534
_FIRST_UID = 1000  # of people's accounts, where login.defs does not say
_NO_SHELL = "/usr/sbin/nologin"
_EXPIRED = 1  # the day, counted from 1970-01-01, on which a closed account ended: shadow(5) advises against 0
_DAY = 86400  # seconds
NEVER = -1
"""The day on which an account expires that never does."""

# Only root may read the last day; whoever may not would see an account that never ends.
_ACCOUNT = f"""\
{ABOUT}entry=$(getent passwd "$1") || exit
[ -r /etc/shadow ] || {{ echo "/etc/shadow cannot be read" >&2; exit 1; }}
shadow=$(getent shadow "$1") || [ $? = {_NOBODY} ] || exit 1
now=$(date +%s) || exit 1
[ ! -e /etc/login.defs ] || defs=/etc/login.defs
more=$(awk -F '[: \\t]+' -v "name=$1" '
  FILENAME == "/etc/passwd" {{ if ($1 == name) is_local = 1; next }}
  $1 == "UID_MIN" {{ first = $2 }}
  END {{ print first + 0, is_local + 0 }}' "${{defs:-/dev/null}}" /etc/passwd) || exit 1
if [ -x "$3" ]; then more="$more 1"; else more="$more 0"; fi
printf '%s\\n' "$entry" "$shadow" "$now" "$more"
about -L -c '%F/%U' -- "$2" || [ $? = {ABSENT} ]
"""
# For who runs the playbook by hand, or when somebody makes the account between the check and the change.
_SAME = f"""\
entry=$(getent passwd "$1") || {{ [ $? = {_NOBODY} ] && exit 0; exit 1; }}
home=${{entry%:*}}; home=${{home##*:}}; uid=${{entry#*:*:}}; uid=${{uid%%:*}}
if [ "$home" != "$2" ]; then echo "home of account $1 is $home, expected $2: move it by hand" >&2; exit 1; fi
first=$(awk '$1 == "UID_MIN" {{ print $2 }}' /etc/login.defs)
if [ "$3" = person ] && {{ [ "$uid" -lt "${{first:-{_FIRST_UID}}}" ] || [ "$uid" -eq {_NOBODY_UID} ]; }}
then echo "account $1 is a system account (uid $uid)" >&2; exit 1; fi
"""
_SHADOW_FIELDS = 9
_LAST_DAY = 7  # the place of the last day among them: shadow(5)


@dataclass(frozen=True, kw_only=True)
class Account(Step, EndsWithAccount, KeepsState):
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
    expires: int = NEVER

    @property
    def subject(self) -> str:
        """The account's name."""
        return self.name

    @property
    def account_name(self) -> str:
        """The account's name."""
        return self.name

    def reason_to_keep(self, *, made: bool) -> str:
        """One that existed before opspact stays open."""
        if made or self.system:
            return ""
        return "existed before opspact and stays open: to close it, keep the person in the policies and set `until`"

    def tasks(self) -> tuple[Task, ...]:
        """Create or correct it; one that is not the person's, or has another home, is left alone."""
        arguments = {
            "name": self.name,
            "comment": self.comment,
            "home": self.home,
            "shell": self.shell,
            "system": self.system,
            "expires": self.expires * _DAY if self.expires != NEVER else -1,
            "state": "present",
        }
        words = [self.name, self.home, "system" if self.system else "person"]
        return (
            Task(
                f"Check that account {self.name} is not another one",
                "ansible.builtin.command",
                {"argv": ["/bin/sh", "-s", *words], "stdin": _SAME},
                {"changed_when": False, "check_mode": False},
                in_loop={},
            ),
            Task(f"Create account {self.name}", "ansible.builtin.user", arguments, in_loop={}),
        )

    def removal(self) -> tuple[Task, ...]:
        """Close it for good: no login of any kind, no job, no group, no process. Its files stay its own.

        An account that does not exist any more is not created again.
        """
        return (close_task(self.name, system=self.system),)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        seen = self._seen(host)
        if seen is None:
            yield "does not exist"
            return
        if seen.uid == 0 or (not self.system and seen.is_system):
            words = f"is a system account (uid {seen.uid}), which no person may have"
            yield Obstacle(f"{words}: set another name with account: NAME", "system account")
            return
        if seen.home != self.home:
            words = (
                f"home is {seen.home}, expected {self.home}; opspact does not move a home: when nobody is logged in,"
            )
            yield Obstacle(
                f"{words} run `usermod --move-home --home {self.home} {self.name}`", "account with another home"
            )
            return
        differences = list(self._differing(seen))
        if differences and not seen.is_local:
            words = "its entry is not in /etc/passwd; change it where it is kept (LDAP, SSSD, ...)"
            yield Obstacle(words, "account that is kept elsewhere")
        yield from differences
        yield from self._wrong_home(seen)

    def _differing(self, seen: "_Seen") -> Iterator[str]:
        if seen.shell != self.shell:
            yield f"shell is {seen.shell}, expected {self.shell}"
        if not seen.has_shell:
            yield f"shell {self.shell} is not on this host, so that sshd lets nobody in: install its package"
        if seen.has_ended:
            yield "is closed, expected open"
        elif seen.is_local and seen.last_day != self.expires:
            yield f"expires {_named(seen.last_day)}, expected {_named(self.expires)}"

    def _wrong_home(self, seen: "_Seen") -> Iterator[str]:
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
        outcome = ask(host, _ACCOUNT, self.name, self.home, self.shell, failure=failure, no=(_NOBODY,))
        if outcome.rc == _NOBODY:
            return None
        entry, shadow, now, more, *home_state = outcome.stdout.splitlines()
        _, _, uid, _, _, home, shell = entry.split(":")
        fields = shadow.split(":") if shadow else [""] * _SHADOW_FIELDS
        if len(fields) != _SHADOW_FIELDS:
            raise ValueError(f"{failure}: its line in /etc/shadow has {len(fields)} fields")
        type_, _, owner = home_state[0].partition("/") if home_state else ("", "", "")
        last_day = int(fields[_LAST_DAY] or -1)
        first, is_local, has_shell = map(int, more.split())
        return _Seen(
            home=home,
            shell=shell,
            home_type=type_,
            home_owner=owner,
            last_day=last_day,
            today=int(now) // _DAY,
            uid=int(uid),
            first_uid=first or _FIRST_UID,
            is_local=bool(is_local),
            has_shell=bool(has_shell),
        )


def _named(day: int) -> str:
    return f"on {date(1970, 1, 1) + timedelta(days=day)}" if day >= 0 else "never"


class _Seen(Struct):
    """An account as the host knows it. `last_day` and `today` are days since 1970-01-01 UTC; NEVER: it has no end.

    `first_uid` is the host's lowest user id of a person's account; `is_local`: the entry is in /etc/passwd;
    `has_shell`: the shell that it should have is on the host.
    """

    home: str
    shell: str
    home_type: str
    home_owner: str
    last_day: int
    today: int
    uid: int
    first_uid: int
    is_local: bool
    has_shell: bool

    @property
    def is_system(self) -> bool:
        """Whether its user id is that of a system account."""
        return self.uid < self.first_uid or self.uid == _NOBODY_UID

    @property
    def has_ended(self) -> bool:
        """Whether nobody may log in to it any more."""
        return 0 <= self.last_day <= self.today

    @property
    def is_closed(self) -> bool:
        """Whether it is as a removal of ours leaves it."""
        return self.last_day == _EXPIRED and self.shell == _NO_SHELL and self.uid != 0
