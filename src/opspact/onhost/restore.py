"""Restore what somebody asks for from a copy: files into a folder or in place, or one database beside the others.

Comes in: `restore.py CONFIG.json`: `{"job": "restore/POLICY", "policy", "repository": its URL, "environment":
{"BORG_…"}, "state": a folder, "request": a path, "roles" and "users": where copies have the accounts of PostgreSQL and
of MariaDB}`; holds no secret. The request is a
file that root alone can read and that is deleted as it is read: `{"id": a word, "at": seconds since the epoch (left
out: now), "suspect": [names of copies that do not count], "archive": the id of the copy that is meant (left out: the
newest)}` and one of
  `"folder": DIR` (absent or empty), maybe with `"paths": […]`, files and folders as they were on the host (else: all);
  `"in_place": […]`: such paths, to where they were; only while the file HOLD is there, which says that nothing is live;
  `"database": {"name", "as": a name that is free, both as `database_name` has them, "create_roles": whether roles (of
  MariaDB: users) are restored too; roles that the copy does not have, and the database needs, are made without login}`.
Goes out: what was asked for, complete or not there at all (in place: as far as it got, to be asked for once more); one
result in the spool with the `request`'s id, the `archive`, its `age_seconds`, what was restored, and of all files or a
database `is_compared`: whether their number or its rows are those that were backed up. Run by systemd as root, with
the host's python3 (3.9 or newer) and borg 1.2.

`restore.py CONFIG.json choose` reads such a request from its standard input and changes nothing: it prints the copy
that is meant, `{"archive": {"name", "id", "started"}, "age_seconds", "record"}`, or `{"error": why not}`.
`restore.py CONFIG.json remove` removes what a run that was killed has left.
Ends with 0 when all is restored, with 1 when it is not, with 75 when an earlier run is still at it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.backup_failure import Facts, cause
from opspact.onhost.borg_client import run_borg
from opspact.onhost.copy_archive import choose_copy, list_copies, regular_files, row_differences, start_time
from opspact.onhost.database_name import DUMPS, MARIADB, database_of_dump, engine_of, server_name
from opspact.onhost.file_manifest import digest_of
from opspact.onhost.mariadb_client import MariadbFailed
from opspact.onhost.postgresql import PostgresqlFailed
from opspact.onhost.restore_failure import NotRestored
from opspact.onhost.restored_database import LiveServer, RestoredDatabase
from opspact.onhost.restored_mariadb import RestoredMariadb, drop_unfinished_mariadb, has_mariadb_database
from opspact.onhost.spool import (
    CannotRun,
    failure_text,
    json_bytes,
    open_spool,
    read_configuration,
    utc,
    write_atomically,
)

HOLD = "/var/lib/opspact/rebuilding"
UNFINISHED_FOLDER = ".opspact-restore-"
ROOM_LEFT = 100 * 2**20  # bytes that stay free
DAMAGE = re.compile("integrity|all-zero|[Ii]nconsistent|checksum|not found in the chunks index", re.IGNORECASE)
"""What borg says when it is the copy that is bad."""

NEVER_MATCHED = re.compile("Include pattern '(.*)' never matched")


class Unfinished:
    """What a run has begun to make: written down before it is made, so that the next one removes what is left of it."""

    def __init__(self, configuration: Facts) -> None:
        self.folder = Path(configuration["state"])
        self.path = self.folder / f"{configuration['policy']}.json"
        self.server = LiveServer(configuration.get("account", "postgres"))

    def write(self, **what: str) -> None:
        """Write down what is about to be made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.path, json_bytes({**self.read(), **what}))

    def read(self) -> Facts:
        """Return what was written down."""
        try:
            noted = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return noted if isinstance(noted, dict) else {}

    def remove(self) -> None:
        """Remove what is left. Raise NotRestored when that cannot be."""
        noted = self.read()
        try:
            for what in ("folder", "work"):
                place = Path(noted.get(what, "/"))
                if place.name.startswith(UNFINISHED_FOLDER) and place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
            if name := noted.get("database", ""):
                self.server.drop_unfinished(name)
            if name := noted.get("mariadb", ""):
                drop_unfinished_mariadb(name, noted.get("comment", ""))
            self.path.unlink(missing_ok=True)
        except (OSError, PostgresqlFailed, MariadbFailed) as error:
            raise NotRestored(f"what an earlier run left cannot be removed: {error}") from error


class Copies:
    """The copies of one policy of this host, as borg gives them."""

    def __init__(self, configuration: Facts) -> None:
        self.configuration = configuration
        self.repository = str(configuration["repository"])

    def borg(self, *arguments: str, folder: Path | None = None, out: int | None = None) -> str:
        """Run borg and return its output. Raise NotRestored unless it ends with 0: a warning may be lost data."""
        command = (*arguments[:1], "--lock-wait", "600", *arguments[1:])
        try:
            done = run_borg(self.configuration, *command, folder=folder, out=out)
        except OSError as error:
            raise NotRestored(f"borg cannot be started: {error}") from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace")
            lines = said.splitlines()
            reason = cause(lines, self.configuration) or " / ".join(lines[-3:])[:500] or "no output"
            verdict = "critical" if DAMAGE.search(said) else "unknown"
            raise NotRestored(f"borg {arguments[0]} ended with {done.returncode}: {reason}", verdict)
        return (done.stdout or b"").decode("utf-8", "replace")

    def choose(self, request: Facts) -> Facts:
        """Return the newest copy that a request allows. Raise NotRestored: there is none."""
        listed = json.loads(self.borg(*list_copies(self.configuration["policy"]), self.repository))["archives"]
        until, suspects, meant = request.get("at", math.inf), {*request.get("suspect", ())}, request.get("archive")
        copy = choose_copy([one for one in listed if meant in {None, one["id"]}], suspects, until)
        if copy is None and not listed:
            raise NotRestored("there is no copy yet")
        if copy is None:
            later = sum((start_time(one) or 0.0) > until for one in listed)
            bad = sum(one["name"] in suspects for one in listed)
            reasons = [f"{later} begun after {utc(until)}" if later else "", f"{bad} suspect" if bad else ""]
            reasons += [f"another one is meant ({meant})" if meant else ""]
            raise NotRestored(f"none of the {len(listed)} copies can be used: {', '.join(filter(None, reasons))}")
        return copy

    def place(self, copy: Facts) -> str:
        """Return how borg names a copy."""
        return f"{self.repository}::{copy['name']}"

    def dump(self, copy: Facts, database: str) -> Facts:
        """Return `path` and `size` of the dump of a database in a copy. Raise NotRestored: it is not there."""
        for path, size in self.sizes(copy, f"sh:**/{DUMPS}/**").items():
            if database_of_dump(path) == database:
                return {"path": path, "size": size}
        raise NotRestored(f"the dump of database {database} is not in {copy['name']}")

    def accounts(self, copy: Facts, engine: str) -> str:
        """Return the accounts of a kind of database server, as SQL; empty: the copy was made without them."""
        path = self.configuration["users" if engine == MARIADB else "roles"].lstrip("/")
        is_there = path in self.sizes(copy, f"pp:{path}")
        return self.borg("extract", "--stdout", self.place(copy), f"pp:{path}") if is_there else ""

    def sizes(self, copy: Facts, pattern: str) -> dict[str, int]:
        """Return the paths of regular files in a copy, each with its size."""
        listed = map(json.loads, self.borg("list", "--json-lines", self.place(copy), pattern).splitlines())
        return {entry["path"]: entry["size"] for entry in listed if entry["type"] == "-"}


def archive_path(path: str) -> str:
    """Given a path on the host, return it as archives have it. Raise NotRestored for one that is not absolute."""
    plain = os.path.normpath(path)
    if not path.startswith("/") or plain in {"/", "//"}:
        raise NotRestored(f"{path} is not the absolute path of a file or folder")
    return plain.lstrip("/")


def check_capacity(folder: Path, needed: float) -> None:
    """Raise NotRestored when a file system has no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed + ROOM_LEFT:
        words = f"{folder} has {free / 2**20:.0f} MiB free, {(needed + ROOM_LEFT) / 2**20:.0f} MiB are needed"
        raise NotRestored(words)


def count_files(folder: Path) -> int:
    """Return how many regular files are below a folder; one of several names is one."""
    return len({(status.st_dev, status.st_ino) for _, status in regular_files(folder)})


def check_target(target: Path) -> None:
    """Raise NotRestored unless a folder is absent, or empty and nothing is mounted there."""
    if not target.is_absolute() or target != Path(os.path.normpath(target)) or target == Path("/"):
        raise NotRestored(f"{target} is not the absolute path of a folder")
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise NotRestored(f"{target} is there and is no folder")
    if os.path.ismount(target):
        raise NotRestored(f"a file system is mounted at {target}: name a folder below it that is not there yet")
    if any(target.iterdir()):
        raise NotRestored(f"{target} is not empty: name a folder that is not there yet")


@contextlib.contextmanager
def unfinished_folder(target: Path, unfinished: Unfinished) -> Iterator[Path]:
    """Give a new folder beside the target that takes its place in the end; nothing stays of it when that fails."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = target.with_name(f"{UNFINISHED_FOLDER}{secrets.token_hex(6)}")
    unfinished.write(folder=str(folder))
    folder.mkdir(mode=0o700)
    # Others may own the folder around it, and put something else in its place: what is changed here is this one.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield folder
        if target.is_dir():
            before = target.stat()
            os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, before.st_mode & 0o7777)
        folder.rename(target)
    finally:
        os.close(descriptor)


class Restore:
    """One request, from the choice of the copy to what is restored of it. `about`: what is said of it so far."""

    def __init__(self, configuration: Facts, unfinished: Unfinished) -> None:
        self.configuration = configuration
        self.copies = Copies(configuration)
        self.unfinished = unfinished
        self.copy: Facts = {}
        self.about: Facts = {}

    def carry_out(self, request: Facts) -> Facts:
        """Restore what is asked for, and return what that gave. Raise NotRestored, PostgresqlFailed, MariadbFailed."""
        self.about.update(request=request["id"])
        self.unfinished.remove()
        self.copy = self.copies.choose(request)
        self.about.update(described(self.copy))
        if "database" in request:
            asked = request["database"]
            return self.database(str(asked["name"]), str(asked["as"]), create_roles=bool(asked.get("create_roles")))
        if "in_place" in request:
            return self.in_place(request["in_place"])
        return self.folder(Path(request["folder"]), request.get("paths", []))

    def folder(self, target: Path, asked: list[str]) -> Facts:
        """Restore files into a folder, and return what that gave. Raise NotRestored."""
        name, record, paths = self.copy["name"], self.copy["record"], [archive_path(path) for path in asked]
        check_target(target)
        wanted = None if paths else record.get("files")
        with unfinished_folder(target, self.unfinished) as folder:
            check_capacity(folder, 0.0 if paths else float(record.get("bytes", 0)))
            self.extract(paths, folder)
            files = count_files(folder)
            if not (files or paths) or (wanted is not None and wanted != files):
                words = f"{name} gave {files} files back, of {wanted or 'at least one'} that were backed up"
                raise NotRestored(words, "critical")
        message = f"{files} {'file' if files == 1 else 'files'} of {name} restored to {target}"
        compared = {} if paths else {"is_compared": wanted is not None}
        return {"files": files, "folder": str(target), **compared, "message": message}

    def in_place(self, asked: list[str]) -> Facts:
        """Restore files to where they were, on a host that is being rebuilt. Raise NotRestored."""
        hold = self.configuration.get("hold", HOLD)
        if not asked or not os.path.lexists(hold):
            raise NotRestored(f"files are restored in place only while {hold} says that this host is being rebuilt")
        self.extract([archive_path(path) for path in asked], Path(self.configuration.get("root", "/")))
        return {"paths": asked, "message": f"{' '.join(asked)} of {self.copy['name']} restored in place"}

    def extract(self, paths: list[str], folder: Path) -> None:
        """Have borg restore paths of the copy, or all of it, into a folder. Raise NotRestored: a path is not in it."""
        try:
            self.copies.borg("extract", self.copies.place(self.copy), *(f"pp:{path}" for path in paths), folder=folder)
        except NotRestored as error:
            if missing := NEVER_MATCHED.search(str(error)):
                raise NotRestored(f"/{missing[1]} is not in {self.copy['name']}") from error
            raise
        for path in paths:
            if not os.path.lexists(folder / path):
                raise NotRestored(f"/{path} is not in {self.copy['name']}")

    def database(self, name: str, new_name: str, *, create_roles: bool) -> Facts:
        """Restore one database under a name that is free. Raise NotRestored, PostgresqlFailed, MariadbFailed."""
        engine, server = engine_of(name), self.unfinished.server
        if engine_of(new_name) != engine:
            raise NotRestored(f"database {name} cannot be restored as {new_name}: another kind of server")
        new = server_name(new_name)
        if has_mariadb_database(new) if engine == MARIADB else server.has_database(new):
            raise NotRestored(f"there is a database {new_name} already: name one that is not there yet")
        held = self.copy["record"].get("databases", {}).get(name, {})
        work = self.unfinished.folder / f"{UNFINISHED_FOLDER}{secrets.token_hex(6)}"
        self.unfinished.write(work=str(work))
        work.mkdir(mode=0o700)
        dump = work / "dump"
        self.extract_dump(name, dump, held)
        restored: RestoredDatabase | RestoredMariadb
        restored = RestoredMariadb(dump, new_name, held) if engine == MARIADB else RestoredDatabase(server, dump)
        self.unfinished.write(**restored.to_remove)
        dumped = self.copies.accounts(self.copy, engine) if create_roles else ""
        roles = restored.restore_accounts(dumped) if create_roles else {"roles": []}
        rows = restored.restore()
        if differences := row_differences(rows, held.get("rows")):
            raise NotRestored(f"database {name} is not what was dumped: {differences}", "critical")
        restored.give_name(new, of_source=server_name(name))
        about = {"name": new_name, "of": name, "tables": len(rows), "rows": sum(rows.values()), **roles}
        message = f"database {name} of {self.copy['name']} restored as {new_name}"
        message += f": {about['tables']} tables, {about['rows']} rows"
        message += f"; roles that cannot log in yet: {', '.join(about['roles'])}" if about["roles"] else ""
        return {"database": about, "is_compared": held.get("rows") is not None, "message": message}

    def extract_dump(self, name: str, dump: Path, held: Facts) -> None:
        """Write the dump of a database to a file. Raise NotRestored unless it is the one that was made."""
        found = self.copies.dump(self.copy, name)
        check_capacity(dump.parent, float(found["size"]))
        place = self.copies.place(self.copy)
        with dump.open("wb") as out:
            self.copies.borg("extract", "--stdout", place, f"pp:{found['path']}", out=out.fileno())
        if dump.stat().st_size != found["size"] or held.get("sha256", "") not in {"", digest_of(dump)}:
            words = f"the dump of database {name} is not the one that was made: another size or checksum"
            raise NotRestored(words, "critical")


def described(copy: Facts) -> Facts:
    """Return what is said of a copy."""
    archive = {"name": copy["name"], "id": copy["id"], "started": utc(copy["started"])}
    return {"archive": archive, "age_seconds": round(time.time() - copy["started"])}


def restore(configuration: Facts) -> Facts:
    """Take the request, restore what it asks for, and return what that left."""
    unfinished = Unfinished(configuration)
    run = Restore(configuration, unfinished)
    try:
        done = run.carry_out(take_request(configuration))
        is_proved, message = done.get("is_compared", True), done.pop("message")
        verdict = "ok" if is_proved else "warning"
        message += "" if is_proved else "; what it held when it was made is not recorded"
        result = {**run.about, **done, "outcome": "done", "verdict": verdict, "message": f"{message}.", "items": []}
    except (NotRestored, PostgresqlFailed, MariadbFailed, OSError, ValueError, LookupError) as error:
        is_said = isinstance(error, (NotRestored, PostgresqlFailed, MariadbFailed))
        words = str(error) if is_said else failure_text(error)
        verdict = getattr(error, "verdict", "unknown")
        message = f"Nothing was restored: {words.rstrip('.')}."
        result = {**run.about, "outcome": "failed", "verdict": verdict, "message": message, "items": []}
    finally:
        with contextlib.suppress(NotRestored):  # the next run tries once more, and says so
            unfinished.remove()
    return result


def take_request(configuration: Facts) -> Facts:
    """Return the request, which is deleted: it is carried out once. Raise NotRestored: there is none."""
    path = Path(configuration["request"])
    try:
        request = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
    except FileNotFoundError as error:
        raise NotRestored("nothing is asked for; that is done by `opspact backup restore`") from error
    if not isinstance(request, dict):
        raise NotRestored(f"{path} is no request")
    return request


def choose(configuration: Facts) -> Facts:
    """Return what is said of the copy that the request on the standard input means, or why there is none."""
    try:
        copy = Copies(configuration).choose(json.load(sys.stdin))
        return {**described(copy), "record": copy["record"]}
    except (NotRestored, OSError, ValueError, LookupError) as error:
        return {"error": str(error) if isinstance(error, NotRestored) else failure_text(error)}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) not in {1, 2} or arguments[1:] not in ([], ["choose"], ["remove"]):
        return 2, "usage: restore.py CONFIG.json [choose|remove]"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is not complete is removed
    try:
        configuration = read_configuration(arguments[0])
        if arguments[1:] == ["choose"]:
            sys.stdout.write(f"{json.dumps(choose(configuration))}\n")
            return 0, "nothing was restored"
        if arguments[1:] == ["remove"]:
            Unfinished(configuration).remove()
            return 0, f"{configuration['job']}: nothing is left of what was not restored"
        with open_spool(configuration) as spool:
            result = spool.keep(restore(configuration))
    except (CannotRun, NotRestored, KeyError) as error:
        return getattr(error, "status", 2), f"restore: {error}"
    return int(result["outcome"] == "failed"), f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
