"""A host may add backups to a repository of its own on a backup server, and to nothing else there.

In: a backup policy's target. Out: a step.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname
from typing import ClassVar

from opspact.model import names
from opspact.steps.account_folder import PRIVATE_FOLDER, PUT_IN_PLACE, as_account
from opspact.steps.base import CheckedHost, Step, Task, Template
from opspact.steps.borg import BorgAccess
from opspact.steps.question import ask
from opspact.steps.stat import stat
from opspact.steps.traits import DependsOnHosts, SlowCheck
from opspact.values.secret import Secrets

_PATIENCE = 20  # seconds; a repository that is being pruned lets nobody in for that while
_TIMED_OUT = 124  # timeout(1)
_NO_CONNECTION = 254  # an inner ssh's 255: testinfra's own backend takes that for a lost connection to the host itself
_BORG_FAILED = (2, *range(10, 100))  # an error, and errors by their modern numbers; 1 and from 100 on are warnings
_CLIENT = "{{ inventory_hostname }}"
_TEXT_ALONE = re.compile(r"[\w./:@%+-]+")
_NEW_LINE = f"""\
{PRIVATE_FOLDER}old=/dev/null
if [ -f authorized_keys ] && [ ! -h authorized_keys ]; then old=authorized_keys; fi
line=$(cat) end=" opspact $2 $3" awk '
  {{ at = length($0) - length(ENVIRON["end"]); ours = at >= 0 && substr($0, at + 1) == ENVIRON["end"] }}
  ours && ($0 != ENVIRON["line"] || seen++) {{ next }}
  {{ print }}
  END {{ if (ENVIRON["line"] != "" && !seen) print ENVIRON["line"] }}' "$old" >"$new"
{PUT_IN_PLACE}"""
_GRANT = f"""\
{_NEW_LINE}cd ..
if [ ! -d "$2" ]; then mkdir -- "$2"; echo changed; fi
"""
_REVOKE = f"""\
[ -e "$1/.ssh/authorized_keys" ] || exit 0
{_NEW_LINE}"""
"""Arguments: the home, the client, the repository. Input: the line that lets this client in, or nothing."""
_WORD = (
    "for open in /proc/[0-9]*/fd/*; do if [ $open -ef %s ]; then"
    " echo | dd of=${open%%/*}/2 oflag=nonblock conv=notrunc status=none 2>/dev/null || :; fi; done"
)
"""Sends a word to whoever is connected to the sessions that hold a lock, given its file."""
_REFUSED_PASSPHRASE = re.compile(r"passphrase supplied in .* is incorrect")  # borg 1.2 and 1.4
_MADE_WITH_ANOTHER = (
    "the repository was created with another passphrase; restore the former one (from the history of the vault) and "
    "apply; to change it, change it in the repository first (`borg key change-passphrase`), then here"
)
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_WORDS = f"""\
set -u
proof=$1 passphrase=$2 url=$3 encryption=$4; shift 4
ask() {{ config=$(timeout {_PATIENCE} "$@" {names.CONFIGURATION_REQUEST} </dev/null); }}
proved() {{
  secret=
  if [ -n "$passphrase" ]; then secret=$(cat -- "$passphrase") || return; fi
  digest=$(printf '%s\\n%s' "$config" "$secret" | sha256sum) || return
  printf '%s\\n' "${{digest%% *}}"
}}
"""
_OPEN = 'borg list --bypass-lock --short --last 1 "$url" >/dev/null'
_RUN = f'"$@" </dev/null; at=$?; test $at -ne 255 || at={_NO_CONNECTION}; exit $at'
_CHECK = f"""\
{_WORDS}ask "$@"
at=$?
case $at in {_TIMED_OUT} | 255) exit $at ;; esac
if [ -n "$config" ] && [ -e "$proof" ] && [ -e "${{passphrase:-/}}" ]; then
  known=$(cat -- "$proof") && seen=$(proved) || exit 1
  if [ "$known" = "$seen" ]; then exit 0; fi
fi
timeout {_PATIENCE} {_OPEN}
"""
_MAKE = f"""\
{_WORDS}if said=$(borg init --encryption "$encryption" "$url" 2>&1); then
  echo changed
else
  case $said in
    *'already exists'*) {_OPEN} || exit ;;
    *) printf '%s\\n' "$said" >&2; exit 1 ;;
  esac
fi
ask "$@" && [ -n "$config" ] || exit 0
umask 077
proved >"$proof.new" && mv -fT -- "$proof.new" "$proof"
"""
"""Arguments: the path of the proof, the passphrase's file or nothing, the repository's URL, how it is encrypted, the
command that reaches the server.

The proof is a digest of the repository's configuration and of the passphrase with which borg opened it. As long as the
server gives the same configuration to the same key, borg would open it again: a check needs one ssh and no borg on
either side, which would be two thirds of all the work that verifying a backed-up host takes.
"""


@dataclass(frozen=True, kw_only=True)
class BackupRepository(Step, DependsOnHosts, SlowCheck):
    """The host has its own key for this repository, the server accepts it for that only, and the repository exists.

    On the server, `account` has the home directory `base`; the repository is `base`/HOST/`repository`. The key and the
    recorded host key are in a directory of their own. The passphrase's file is another step's business.
    """

    kind: ClassVar[str] = "backup-repository"
    rank: ClassVar[int] = 70
    question: ClassVar[str] = "can borg open it from here, with this host's own key and the passphrase?"

    server: str
    address: str
    account: str
    base: str
    repository: str
    key_path: str
    known_hosts_path: str
    passphrase_path: str = ""
    port: int = 22

    def __post_init__(self) -> None:
        """Raise ValueError for what would be more than text in a template or a shell: a manifest on a host may lie."""
        for value in (self.server, self.account, self.base, self.repository):
            if not _TEXT_ALONE.fullmatch(value):
                raise ValueError(f"{value!r} is not valid in a repository's name or path")

    @property
    def subject(self) -> str:
        """The server and the repository."""
        return f"{self.server}:{self.repository}"

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The backup server: the account must exist there first."""
        return (self.server,)

    @property
    def required_on_hosts(self) -> tuple[str, ...]:
        """The program, the account and its home on the server."""
        return ("package borgbackup", f"account {self.account}", f"directory {self.base}")

    @property
    def access(self) -> BorgAccess:
        """How the host reaches it."""
        return BorgAccess(
            server=self.server,
            address=self.address,
            account=self.account,
            repository=self.repository,
            key_path=self.key_path,
            known_hosts_path=self.known_hosts_path,
            passphrase_path=self.passphrase_path,
            port=self.port,
        )

    def tasks(self) -> tuple[Task, ...]:
        """Create the key, exchange keys with the server over Ansible's own connections, and create the repository."""
        return (*self._key_tasks(), *self._server_tasks(), *self._repository_tasks())

    def _key_tasks(self) -> tuple[Task, ...]:
        folder = dirname(self.key_path)
        comment = Template(f"opspact {_CLIENT} {self.repository}")
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", self.key_path]
        known = "{{ (opspact_host_key.content | default('') | b64decode).split()[:2] | join(' ') }}"
        return (
            Task(
                f"Create directory {folder}",
                "ansible.builtin.file",
                {"path": folder, "state": "directory", "owner": "root", "group": "root", "mode": "0700"},
            ),
            Task(
                f"Create a key for repository {self.subject}",
                "ansible.builtin.command",
                {"argv": make, "creates": self.key_path},
            ),
            Task(
                f"Read the key for repository {self.subject}",
                "ansible.builtin.command",
                {"argv": ["ssh-keygen", "-y", "-f", self.key_path]},
                {"register": "opspact_key", "changed_when": False, "check_mode": False},
            ),
            Task(
                f"Read the host key of {self.server}",
                "ansible.builtin.slurp",
                {"src": _HOST_KEY},
                {"delegate_to": self.server, "register": "opspact_host_key"},
            ),
            Task(
                f"Record the host key of {self.server}",
                "ansible.builtin.copy",
                {
                    "content": Template(f"{self.server} {known}\n"),
                    "dest": self.known_hosts_path,
                    "owner": "root",
                    "group": "root",
                    "mode": "0600",
                },
            ),
        )

    def _server_tasks(self) -> tuple[Task, ...]:
        """With the account's own rights: what clients send is served by it, so its home is not root's to trust."""
        line = self.key_line(_CLIENT, "{{ opspact_key.stdout.split()[:2] | join(' ') }}")
        let = self._in_home(f"Allow this host to add to repository {self.subject}", _GRANT, Template(f"{line}\n"))
        return (let,)

    def _in_home(self, name: str, script: str, line: str) -> Task:
        """One client at a time: the file belongs to all of them."""
        words = (self.base, Template(_CLIENT), self.repository)
        alone = {"delegate_to": self.server, "throttle": 1}
        return as_account(name, self.account, script, words=words, stdin=line, **alone)

    def key_line(self, client: str, key: str) -> str:
        """Given a host's name and its key, return the line with which the server lets it do one thing.

        The lock is shared by all sessions and taken alone by the server's own prune (onhost/repository.py). Sessions of
        hosts that went without a goodbye hold borg's lock for two hours, until the server's sshd notices; sent a word,
        it learns at once that nobody is there any more. borg shows it as an empty line.
        """
        home = f"{self.base}/{client}"
        serve = f"borg serve --append-only --restrict-to-repository {home}/{self.repository}"
        answer = (
            f"case $SSH_ORIGINAL_COMMAND in {names.CONFIGURATION_REQUEST}) exec cat {self.repository}/config;; esac"
        )
        lock = f"{self.repository}.lock"
        command = f"cd {home} && {answer} && {_WORD % lock} && exec flock -s -F -w 3600 {lock} {serve}"
        return f'restrict,command="{command}" {key} opspact {client} {self.repository}'

    def _repository_tasks(self) -> tuple[Task, ...]:
        make = Task(
            f"Create repository {self.subject}",
            "ansible.builtin.command",
            {"argv": ["/bin/sh", "-c", _MAKE, "sh", *self._words()]},
            {
                "environment": self.access.environment,
                "register": "opspact_repository",
                "changed_when": "'changed' in opspact_repository.stdout | default('')",
            },
        )
        return (make,)

    def _words(self) -> tuple[str, ...]:
        """Return the arguments of `_CHECK` and `_MAKE`."""
        access = self.access
        connect = (*access.ssh_command.split(), "-p", str(self.port), f"{self.account}@{self.address}")
        return (self._proof_path, self.passphrase_path, access.url, access.encryption, *connect)

    @property
    def _proof_path(self) -> str:
        return f"{dirname(self.key_path)}/opened"

    def removal(self) -> tuple[Task, ...]:
        """Remove the key on both sides; the backups stay on the server, they are not ours to delete."""
        revoke = self._in_home(f"Stop this host from adding to repository {self.subject}", _REVOKE, "")
        paths = [self.key_path, f"{self.key_path}.pub", self.known_hosts_path, self._proof_path]
        forget = Task(
            f"Delete the key for repository {self.subject}",
            "ansible.builtin.file",
            {"path": Template("{{ item }}"), "state": "absent"},
            {"loop": paths},
        )
        return (revoke, forget)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield why borg could not open the repository with this key, this host key and this passphrase."""
        variables = [f"{name}={value}" for name, value in self.access.environment.items()]
        words = ("env", *variables, "/bin/sh", "-c", _CHECK, "sh", *self._words())
        answers = (_TIMED_OUT, _NO_CONNECTION, *_BORG_FAILED)
        outcome = ask(host, _RUN, *words, failure=f"cannot find out whether borg can open {self.subject}", no=answers)
        if outcome.rc == _TIMED_OUT:
            raise LookupError(f"{self.server} did not answer within {_PATIENCE} s; it may be pruning now")
        if outcome.rc != 0:
            hint = f"; {_MADE_WITH_ANOTHER}" if _REFUSED_PASSPHRASE.search(outcome.stderr) else ""
            yield f"cannot be used: {_reason(outcome.stderr)}{hint}"

    def present(self, host: CheckedHost) -> bool:
        """Whether the host has the key."""
        return stat(host, self.key_path) is not None


def _reason(words: str) -> str:
    """Given what borg and ssh said, return the most useful line: ssh's own reason before borg's."""
    lines = [line.strip().removeprefix("Remote: ") for line in words.splitlines() if line.strip()]
    telling = ("Host key verification failed", "Permission denied", "Connection refused", "timed out", "does not exist")
    found = (line for phrase in telling for line in lines if phrase in line)
    return next(found, lines[-1] if lines else "borg gave no reason")
