"""Answer what waits in this host's spools, for each job after a number.

In: on standard input `{"room": bytes, "jobs": [{"job", "spool", "after"}, …]}`: up to which number of which spool the
results of a job are known (an empty `spool`: none are). Out: on standard output lines of JSON. Before the bytes of each
result, which end with a newline of their own, `{"job", "spool", "sequence", "bytes"}` (with `error` and no bytes: it
cannot be read). After all results of a job `{"job", "spool", "after", "through", "running"}`: every result kept of the
numbers after `after` up to `through` stands above; `running`: since when a run goes on, null: none. With `error`
instead: the spool cannot be read. Last `{"end": true,
"more": …}`: more waits, since the answer holds about `room` bytes of results at most; ask again after what came.

With a `head` of the ledger, a job is given that: it is kept where the job's program finds it.
A job without a spool is not answered. A run whose program is gone is ended here with a result that says so.
Run as root, with the host's python3 (3.9 or newer) and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Any, BinaryIO

from opspact.onhost.spool import (
    LARGEST,
    Kept,
    Spool,
    State,
    json_bytes,
    kept_results,
    locked,
    read_state,
    utc,
    write_atomically,
)

SPOOLS = "/var/lib/opspact/spool"
Request = dict[str, Any]


class CannotRead(Exception):  # noqa: N818 - named after the decision
    """A result's file cannot be read, or is none that a program of ours wrote; the message says why."""


def contents(path: Path) -> bytes:
    """Return a result's bytes. Raise FileNotFoundError when it went meanwhile, CannotRead when it cannot be read."""
    try:
        # Others may own the folder: a link or a pipe that they put there is not followed, nor waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CannotRead(str(error.strerror)) from error
    with os.fdopen(descriptor, "rb") as file:
        shape = os.fstat(descriptor)
        if not stat.S_ISREG(shape.st_mode):
            raise CannotRead("not a plain file")
        if shape.st_size > 2 * LARGEST:
            raise CannotRead(f"{shape.st_size} bytes are too many")
        try:
            return file.read(2 * LARGEST)
        except OSError as error:
            raise CannotRead(str(error.strerror)) from error


def present_state(folder: Path, job: str, request: Request) -> tuple[State, int]:
    """Return the state of a spool, and the last number whose run is over. Raise OSError.

    A run whose program is gone is ended. A spool that fell back behind what is known of it (the host was rolled back)
    gets another name, since it would give its numbers a second time.
    """
    state = read_state(folder)
    if state is None:
        raise FileNotFoundError(folder)
    fell_back = state.spool == request["spool"] and state.number < request["after"]
    if not state.since and not fell_back:
        return state, state.number
    with locked(folder, 0.0) as is_ours:
        if is_ours:
            spool = Spool(folder, job)
            spool.end_lost_run()
            if fell_back:
                spool.change(spool=secrets.token_hex(6))
            return spool.state, spool.state.number
    state = read_state(folder) or state
    return state, state.number - 1 if state.since else state.number


class Answer:
    """What is written of all jobs, and how much room for results is left."""

    def __init__(self, base: Path, room: int, out: BinaryIO) -> None:
        self.base = base
        self.room = room
        self.out = out
        self.more = False
        self.is_empty = True

    def line(self, **values: object) -> None:
        """Write one line of JSON."""
        self.out.write(f"{json.dumps(values)}\n".encode())

    def add_job(self, request: Request) -> None:
        """Write what waits of one job, as far as there is room. Raise OSError where there is no spool."""
        job, folder = str(request["job"]), self.base / str(request["job"])
        state, last = present_state(folder, job, request)
        kept = kept_results(folder)
        known = [one.number for one in kept if one.spool == request["spool"]]
        after = min(int(request["after"]), last if state.spool == request["spool"] else max(known, default=0))
        through = last
        for one in kept:
            if not after < one.number <= last:
                continue
            if not self._add_result(job, folder, one):
                self.more, through = True, one.number - 1
                break
        running = utc(state.since) if state.since else None
        self.line(job=job, spool=state.spool, after=after, through=through, running=running)

    def _add_result(self, job: str, folder: Path, one: Kept) -> bool:
        """Write one result; return whether there was room for it. One that went meanwhile is left out."""
        about = {"job": job, "spool": one.spool, "sequence": one.number}
        try:
            data = contents(folder / one.file)
        except FileNotFoundError:
            return True
        except CannotRead as error:
            self.line(**about, bytes=0, error=str(error))
            return True
        if len(data) > self.room and not self.is_empty:
            return False
        self.line(**about, bytes=len(data))
        self.out.write(data + b"\n")
        self.room -= len(data)
        self.is_empty = False
        return True


def main(asked: bytes, out: BinaryIO, base: str) -> tuple[int, str]:
    """Given the request, where to answer, and the folder of all spools, return the exit status and a message."""
    try:
        request = json.loads(asked)
        answer = Answer(Path(base), int(request["room"]), out)
        for each in request["jobs"]:
            add(answer, each)
        answer.line(end=True, more=answer.more)
    except (ValueError, LookupError, TypeError, OSError) as error:
        return 1, f"reader: {error!r}"
    return 0, ""


def keep_head(folder: Path, request: Request) -> None:
    """Keep the head of the ledger for a job; without room for it, the one before stays."""
    path = folder / f"{request['job']}.json"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json_bytes(request["head"]))
        for each in (folder, path.parent):
            each.chmod(0o755)  # it is no secret, and the program's account reads it
        path.chmod(0o644)


def add(answer: Answer, request: Request) -> None:
    """Add one job to the answer, or why its spool cannot be read. Raise BrokenPipeError when nobody listens."""
    if "head" in request:
        keep_head(answer.base.with_name("heads"), request)
    try:
        answer.add_job(request)
    except BrokenPipeError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        return  # no run was ever started here
    except OSError as error:
        answer.line(job=request["job"], error=str(error))


if __name__ == "__main__":
    status, message = main(sys.stdin.buffer.read(), sys.stdout.buffer, *(sys.argv[1:] or [SPOOLS]))
    sys.stdout.buffer.flush()
    sys.stderr.write(message and f"{message}\n")
    raise SystemExit(status)
