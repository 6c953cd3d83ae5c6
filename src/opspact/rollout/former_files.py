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
from opspact.steps.secret_file import SecretFile
from opspact.structs import Struct

# One that was kept before stays: it is what was there first.
_KEEP = f"""\
mkdir -p -m 0755 -- {names.STATE_FOLDER} || exit
umask 077
before=$(mktemp -- {names.STATE_FOLDER}/{names.TEMPORARY}) || exit
trap 'rm -f -- "$before"' EXIT
for path do
  kept={names.FORMER_FILES}$path
  if [ ! -e "$path" ] && [ ! -h "$path" ]; then printf 'absent\\t%s\\n' "$path" >>"$before" || exit
  elif {{ [ -f "$path" ] || [ -h "$path" ]; }} && [ ! -e "$kept" ] && [ ! -h "$kept" ]; then
    mkdir -p -- "${{kept%/*}}" && cp -a -T -- "$path" "$kept" && printf 'kept\\t%s\\n' "$path" >>"$before" || exit
  fi
done
mv -f -- "$before" {names.BEFORE_APPLY}
"""


class FormerFiles(Struct):
    """Files that an apply is about to write over for the first time, and those that it is about to create."""

    replaced: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def former_files(old: HostManifest, result: HostResult) -> FormerFiles:
    """Given a host's manifest and what was seen there, return the files that an apply writes first."""
    known = {entry.step.identity for entry in old.manifest.entries} | made_by_others(old.others).keys()
    different = [check for check in result.checks if check.state is State.FAILED and not check.obstacle]
    new = (check.step for check in different if check.present is False)
    there = (check.step for check in different if check.present is not False and check.step.identity not in known)
    return FormerFiles(*(tuple(path for step in some for path in _written(step)) for some in (there, new)))


def _written(step: Step) -> Iterator[str]:
    match step:
        case File() | Link() | SecretFile():
            yield step.path
        case AuthorizedKeys(exclusive=True):
            yield step.path
            yield step.other_path
        case _:
            pass


def keep(session: Session, files: FormerFiles) -> None:
    """Given files on a host, keep those that are there, and note which are not. Raise WriteFailed when that fails."""
    paths = (*files.replaced, *files.absent)
    done = session.run(f"/bin/sh -c {quote(_KEEP)} sh {' '.join(map(quote, paths))}") if paths else None
    if done is not None and done.rc != 0:
        said = quoted(done.stderr) or f"exit status {done.rc}"
        raise WriteFailed(f"{session.name}: what is written over cannot be kept: {said}")
