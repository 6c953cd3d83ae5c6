"""What was in a file before opspact wrote over it for the first time: it is kept on the host, for root alone.

In: a host's manifest, what was seen there, a session. Out: paths of files, and copies of them.
"""

from collections.abc import Iterator
from shlex import quote

from opspact.fleet.failures import WriteFailed, quoted
from opspact.fleet.session import Session
from opspact.model import names
from opspact.plan.manifest_state import HostManifest
from opspact.plan.other_contracts import made_by_others
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import HostResult, State
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.put_back import COPY, LARGEST_KEPT
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit

# One that was kept before stays: it is what was there first.
_KEEP = f"""\
{COPY}mkdir -p -m 0755 -- {names.STATE_FOLDER} || exit
umask 077
for path do
  kept={names.FORMER_FILES}$path
  if {{ [ -f "$path" ] || [ -h "$path" ]; }} && [ ! -e "$kept" ] && [ ! -h "$kept" ]; then
    mkdir -p -- "${{kept%/*}}" && copy "$path" "$kept" || exit
  fi
done
"""
# Of the last apply alone: a unit's own record says what it had read before.
_BEFORE = f"""\
{COPY}rm -rf -- {names.LAST_APPLY} || exit
mkdir -p -m 0755 -- {names.STATE_FOLDER} || exit
umask 077
mkdir -p -- {names.BEFORE_APPLY} || exit
for path do
  if [ -h "$path" ] || {{ [ -f "$path" ] && [ "$(stat -c %s -- "$path")" -le {LARGEST_KEPT} ]; }}; then
    mkdir -p -- "{names.BEFORE_APPLY}${{path%/*}}" && copy "$path" "{names.BEFORE_APPLY}$path" || exit
  elif [ ! -e "$path" ]; then
    printf '%s\\n' "$path" >>{names.ABSENT_BEFORE_APPLY} || exit
  fi
done
"""


def former_files(old: HostManifest, result: HostResult) -> tuple[str, ...]:
    """Given a host's manifest and what was seen there, return the files that an apply is about to write over first."""
    known = {entry.step.identity for entry in old.manifest.entries} | made_by_others(old.others).keys()
    different = (
        check.step
        for check in result.checks
        if check.state is State.FAILED and check.present is not False and not check.obstacle
    )
    return tuple(path for step in different if step.identity not in known for path in _written(step))


def files_of_units(result: HostResult) -> tuple[str, ...]:
    """Given what was seen of a host, return the paths that differ and that a unit there reads."""
    read = {path for check in result.checks if isinstance(check.step, Unit) for path in check.step.paths_read}
    written = (path for check in result.checks if check.state is State.FAILED for path in _written(check.step))
    return tuple(path for path in written if path in read)


def _written(step: Step) -> Iterator[str]:
    match step:
        case File() | Link() | SecretFile():
            yield step.path
        case AuthorizedKeys(exclusive=True):
            yield step.path
            yield step.other_path
        case _:
            pass


def keep_files(session: Session, old: HostManifest, result: HostResult, *, changes: bool) -> tuple[str, ...]:
    """Given a host's manifest and what was seen there, keep what is about to be written over; return what was first.

    `changes`: an apply is about to change the host; what its units read is kept for that apply alone. Raise WriteFailed
    when something cannot be kept.
    """
    former = former_files(old, result)
    _carry_out(session, _KEEP, former)
    _carry_out(session, _BEFORE, files_of_units(result) if changes else ())
    return former


def _carry_out(session: Session, script: str, paths: tuple[str, ...]) -> None:
    done = session.run(f"/bin/sh -c {quote(script)} sh {' '.join(map(quote, paths))}") if paths else None
    if done is not None and done.rc != 0:
        said = quoted(done.stderr) or f"exit status {done.rc}"
        raise WriteFailed(f"{session.name}: what is written over cannot be kept: {said}")
