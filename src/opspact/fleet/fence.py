"""A run's fence on a host: once a later run has taken the host, nothing of an earlier one writes there any more.

Comes in: a session that has the host's lock, a token (`run.leases`). Goes out: the host's newest token; a session and
an interpreter for Ansible that work only while the token is the newest one.

Every process of a run carries its token as a mark in its environment, from before it compares the token with the file
on the host. Who takes the host writes the file first, then waits for whatever carries an earlier mark, and ends it: a
process that compared in time is found by its mark, and one that is not found yet compares too late. The file lies in
/run, as the processes that it is about do not survive a reboot either. Why so: docs/decisions/0011-runs.md.
"""

from collections.abc import Mapping
from shlex import join, quote, split

from opspact.fleet.failures import ReadFailed, WriteFailed, lost_to_run, quoted
from opspact.fleet.guard import FENCED, FENCED_BY, Guard
from opspact.fleet.session import Session
from opspact.fleet.shell_words import stored_input
from opspact.model import names
from opspact.structs import Struct

PATIENCE = 20
"""Seconds that processes of an earlier run have for ending by themselves: a package is better installed than broken."""

_ENDING = 5  # seconds that a killed process may take
_PAUSES = 5  # a second
_ABSENT = 69  # EX_UNAVAILABLE of sysexits.h
_LOOKING = "OPSPACT_LOOKING"
"""In the environment of the grep that looks for marks: one that does not find itself has not looked."""
_DISCOVERED = {"auto", "auto_legacy", "auto_silent", "auto_legacy_silent"}


class Hold(Struct):
    """What a run holds of a host: its token there, the name of its attempt, the host's Python as words of a shell.

    `former`: tokens under which the same attempt held the host before; what it has started then, and left, goes on.
    """

    token: int
    attempt: str
    python: str
    former: tuple[int, ...] = ()


def run_interpreter(attempt: str) -> str:
    """Given the name of a run's attempt, return what its Ansible calls as Python on every host that it holds."""
    return f"{names.FENCED_PYTHON}{attempt}"


def host_interpreter(variables: Mapping[str, object], default: str) -> str:
    """Given a host's variables, return its Python as words of a shell; `default` where they name none.

    Raise ValueError when they name it by a template.
    """
    named = variables.get("ansible_python_interpreter", default)
    if not isinstance(named, str) or "{{" in named:
        raise ValueError(f"ansible_python_interpreter is {named!r}: write out the path of the host's Python")
    if named in _DISCOVERED:
        return '"$(command -v python3 || echo /usr/libexec/platform-python)"'
    return join(split(named))


def newest_token(session: Session) -> int:
    """Given a session, return the newest token on its host, 0 where there is none. Raise HostLost, ReadFailed."""
    path = f"{names.FENCE}/token"
    found = session.read(path)
    try:
        return int(found.split()[0]) if found is not None else 0
    except (ValueError, IndexError):
        raise ReadFailed(f"{session.name}: {path} holds no token; remove it when no apply is running there") from None


def take(session: Session, hold: Hold) -> None:
    """Given a session that has its host's lock, let nothing of earlier runs write there, and this run only for as long.

    From then on the session's commands carry the mark and compare the token. Raise HostLost when the session is over or
    a later token stands there, WriteFailed when the host has no Python for Ansible, the token cannot be written or an
    earlier run's process does not end.
    """
    guard = _guard(hold.token)
    session.guard = None
    found = session.run(f'set -- {hold.python}; command -v -- "$1" >/dev/null || {{ echo "$1" >&2; exit {_ABSENT}; }}')
    if found.rc == _ABSENT:
        raise WriteFailed(
            f"{session.name}: Python is not installed there: {quoted(found.stderr)} does not exist",
            hint="install python3 on the host, or name its Python in ansible_python_interpreter",
        )
    wrapper = _wrapper(hold, guard).encode()
    done = session.run(_taking(hold, wrapper), input=wrapper, timeout=60.0, keeps_lock=True)
    if done.rc == FENCED:
        raise lost_to_run(session.name, done.stderr)
    if done.rc != 0:
        said = quoted(done.stderr) or f"exit status {done.rc}"
        raise WriteFailed(f"{session.name}: the host cannot be taken: {said}", hint="nothing was done there")
    session.guard = guard
    session.close_kept()


def _guard(token: int) -> Guard:
    return Guard(
        mark=f"OPSPACT_FENCE={quote(mark(token))}",
        check=(
            f"{{ read -r token run; }} 2>/dev/null <{names.FENCE}/token\n"
            f'[ "$token" = {token} ] || {{ echo "{FENCED_BY}${{run:-unknown}}" >&2; exit {FENCED}; }}\n'
        ),
    )


def mark(token: int) -> str:
    """Return the mark's value: two folders are two fences."""
    return f"{names.FENCE}:{token}"


def _wrapper(hold: Hold, guard: Guard) -> str:
    """Return the program that becomes the host's Python; it runs itself again to have the mark in its environment."""
    return (
        "#!/bin/sh\n"
        f'[ "$OPSPACT_FENCE" = {quote(mark(hold.token))} ] || {{ export {guard.mark}; exec /bin/sh "$0" "$@"; }}\n'
        f'{guard.check}unset token run\nexec {hold.python} "$@"\n'
    )


def _taking(hold: Hold, wrapper: bytes) -> str:
    """Return the command that takes the host; its input is the wrapper.

    It has to keep the lock: its session may be cut meanwhile.
    """
    folder = quote(names.FENCE)
    python, others = quote(run_interpreter(hold.attempt)), f"{quote(names.FENCED_PYTHON)}*"
    return f"""
umask 022
mkdir -p {folder} && cd {folder} || exit
before=0
if [ -e token ]; then read -r before run <token || exit; fi
case "$before" in '' | *[!0-9]*) echo "{names.FENCE}/token holds no token" >&2; exit 1 ;; esac
if ! [ "$before" -lt {hold.token} ]; then echo "${{run:-unknown}}" >&2; exit {FENCED}; fi
mkdir -p {quote(names.FENCED_PYTHON.rpartition("/")[0])} && rm -f {others} || exit
{stored_input(python, wrapper)} && chmod 0755 {python} || exit
printf '%s\\n' {quote(f"{hold.token} {hold.attempt}")} >new && mv -f new token || exit
{_marked(hold)}
below() {{
  more=1
  while [ "$more" ]; do
    more=
    for file in /proc/[0-9]*/stat; do
      {{ read -r line <"$file"; }} 2>/dev/null || continue
      pid=${{line%% *}}
      set -- ${{line##*) }}
      case "$found " in *" $pid "*) ;; *" $2 "*) found="$found $pid" more=1 ;; esac
    done
  done
}}
pauses=0
while marked; do
  [ "$pauses" -lt {PATIENCE * _PAUSES} ] || {{ below; kill -KILL $found; }} 2>/dev/null
  if [ "$pauses" -gt {(PATIENCE + _ENDING) * _PAUSES} ]; then echo "process$found of another run stays" >&2; exit 1; fi
  pauses=$((pauses + 1))
  sleep {1 / _PAUSES} || exit
done
"""


def _marked(hold: Hold) -> str:
    """Return the shell that defines `marked`: whether processes of other runs are left; it ends where nobody knows."""
    own = " ".join(f"-e {quote(f'OPSPACT_FENCE={mark(token)}')}" for token in (hold.token, *hold.former))
    return f"""\
space=$(readlink /proc/self/ns/pid) || exit
marked() {{
  found= proof= file=
  said=$({_LOOKING}=1 grep -lz -e {quote(f"^OPSPACT_FENCE={names.FENCE}:")} -e {quote(f"^{_LOOKING}=")} \
    /proc/[0-9]*/environ /proc/self/environ 2>&1)
  set -f; IFS='
'; set -- $said; set +f; unset IFS
  for file do
    case $file in
      /proc/self/environ) proof=1; continue ;;
      /proc/*/environ) ;;
      *grep:*": No such file or directory" | *grep:*": No such process" | *grep:*": Input/output error") continue ;;
      *grep:*": Permission denied" | *grep:*": Operation not permitted") continue ;;
      *) proof=; break ;;
    esac
    pid=${{file%/environ}}
    pid=${{pid#/proc/}}
    grep -qzsxF {own} "$file" && continue
    [ "$(readlink "/proc/$pid/ns/pid")" = "$space" ] && found="$found $pid"
  done
  [ "$proof" ] || {{ echo "grep cannot find processes of earlier runs: ${{file:-nothing said}}" >&2; exit 1; }}
  [ "$found" ]
}}"""
