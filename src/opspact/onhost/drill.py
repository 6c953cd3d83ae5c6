"""Restore the newest copy of each client to scratch, and prove that it is all there: a restore test (drill).

Comes in: `drill.py CONFIG.json`: `{"job": "drill/POLICY", "base", "repository", "passphrase_path", "policy", "rto" and
"rpo" in seconds, "scratch": a folder, "sample": how many files are compared (0: all), "head": the file that names the
ledger's head, "clients": {name: [its databases]}}`; holds no secret.
Goes out: one result in the spool, with an item for each client: the `archive` that was restored, `seconds` it took,
`age_seconds` of the copy then, its `files`, how many were `compared` with its `manifest` as the `seed` draws them
(empty: all), its `databases` with rows. Nothing of what was restored stays. Run by systemd on the backup server as the
account that owns the repositories, with the host's python3 (3.9 or newer).

borg must end with 0: after `borg check --repair` a damaged file comes back in full size with zeros inside and a mere
warning. The account is not root: what a client put into its archive gets no owner, no device and no capability here.
`drill.py CONFIG.json remove` removes what a run that was killed has left.
Ends with 0 when every copy is proved, with 1 when one is not, with 75 when an earlier run is still at it.
"""

from __future__ import annotations

import configparser
import json
import shutil
import signal
import sys
import time
from pathlib import Path

from opspact.onhost.copy_archive import (
    DIFFERENCES_SHOWN,
    choose_copy,
    list_copies,
    regular_files,
    row_differences,
)
from opspact.onhost.database_name import MARIADB, database_of_dump, engine_of
from opspact.onhost.file_comparison import compare_files, describe_differences, head_after
from opspact.onhost.file_manifest import MANIFEST_ENDING, MANIFEST_FILE, digest_of
from opspact.onhost.repository_access import (
    WORST_LAST,
    Facts,
    Repository,
    RepositoryRefused,
    compare_key,
)
from opspact.onhost.scratch import opened, scratch_folder, scratch_root
from opspact.onhost.scratch_cluster import POSTGRESQL_PROGRAMS, ScratchCluster
from opspact.onhost.scratch_mariadb import ScratchMariadb
from opspact.onhost.scratch_server import CannotRestore, ScratchServer
from opspact.onhost.spool import CannotRun, failure_text, open_spool, read_configuration, utc

PATIENCE = 6 * 3600.0  # seconds to wait for other restore tests, and for a client's session
ROOM_FOR_SERVER = 250 * 2**20  # bytes that an empty server takes
DUMPS_GROW = 4  # times: a dump, restored with its indexes
VERDICTS = {"busy": "unknown", "absent": "unknown", "no_key": "critical"}  # without its key, nothing comes back
MOST_NAMED = 20  # files that differ, in a result
MOST_UNCHECKED = 0.05  # of the files of a copy, that its manifest cannot name


class NotProved(Exception):  # noqa: N818 - named after the decision
    """A copy is not proved; `verdict`: critical when it is bad, unknown when nobody can tell."""

    def __init__(self, message: str, verdict: str = "critical") -> None:
        super().__init__(message)
        self.verdict = verdict


def newest_copy(repository: Repository, policy: str) -> Facts:
    """Return name, id, start and record of the newest copy that is not suspect. Raise NotProved: there is none."""
    listed = json.loads(repository.borg(*list_copies(policy)))["archives"]
    suspects = repository.suspect_archives({entry["id"]: {"name": entry["name"]} for entry in listed})
    copy = choose_copy(listed, suspects)
    if copy is None and listed:
        raise NotProved(f"none of the {len(listed)} copies was made since damage was found in the repository")
    if copy is None:
        raise RepositoryRefused("there is no copy yet", "absent")
    return copy


def check_capacity(folder: Path, record: Facts) -> None:
    """Raise NotProved when the file system has no room for the copy."""
    dumps = sum(int(each.get("bytes", 0)) for each in record.get("databases", {}).values())
    needed = int(record.get("bytes", 0)) + dumps * DUMPS_GROW + ROOM_FOR_SERVER
    free = shutil.disk_usage(folder).free
    if free < needed:
        words = f"{folder.parent} has {free / 2**20:.0f} MiB free, {needed / 2**20:.0f} MiB are needed"
        raise NotProved(words, "unknown")


def extract(repository: Repository, name: str, folder: Path) -> None:
    """Restore an archive into a folder. Raise NotProved unless borg ends with 0."""
    folder.mkdir()
    try:
        # Owners, access lists and attributes of the system cannot be given by an account that is not root.
        repository.borg("extract", "--noacls", "--noxattrs", "--noflags", archives=[name], folder=folder)
    except RepositoryRefused as error:
        raise NotProved(f"{name} cannot be restored: {error}", error.verdict) from error


def count_files(folder: Path, copy: Facts) -> dict[str, Path]:
    """Count what was restored, and return the dumps in it by the name of their database. Raise NotProved."""
    dumps, numbers = {}, set()
    for path, status in regular_files(folder, opened):
        numbers.add(status.st_ino)  # one file of several names is one
        if name := database_of_dump(str(path)):
            dumps[name] = path
    wanted = copy["record"].get("files", len(numbers))
    if not numbers or wanted != len(numbers):
        raise NotProved(f"{copy['name']} gave {len(numbers)} files back, of {wanted} that were backed up")
    copy["files"] = len(numbers)
    return dumps


def compare_with_manifest(configuration: Facts, copy: Facts, *, folder: Path, about: Facts) -> None:
    """Compare the restored files with the copy's manifest, and add to `about` what that gave. Raise NotProved."""
    about.update(compared=0, seed="", manifest=None)
    said = copy["record"].get("manifest")
    if not said:
        return
    manifest = folder / "manifest" / MANIFEST_FILE
    if manifest.is_symlink() or not manifest.is_file() or digest_of(manifest) != said["sha256"]:
        raise NotProved(f"the manifest of {copy['name']} is not the one that was made with it")
    about["manifest"] = {word: said[word] for word in ("sha256", "files", "unchecked")}
    about["seed"] = head_after(configuration["head"], said["made"])
    found = compare_files(folder / "files", manifest, seed=about["seed"], sample=configuration["sample"])
    about["compared"] = found.compared
    if found.differing:
        about["differing"] = found.differing[:MOST_NAMED]
        words = describe_differences(found, DIFFERENCES_SHOWN)
        raise NotProved(f"{copy['name']} is not what was backed up: {words}")
    if said["unchecked"] > MOST_UNCHECKED * (said["files"] + said["unchecked"]):
        raise NotProved(f"{said['unchecked']} files of {copy['name']} changed while they were backed up", "unknown")


def count_rows(server: ScratchServer, name: str, dump: Path, *, copy: Facts) -> Facts:
    """Restore a dump, and return its database with its rows. Raise NotProved when it is not all there."""
    held = copy["record"].get("databases", {}).get(name, {})
    if held.get("sha256", "") not in {"", digest_of(dump)}:
        raise NotProved(f"the dump of database {name} is not the one that was made: another checksum")
    try:
        server.restore(dump, held)
        rows = server.rows()
        newest = server.newest_record(utc(copy["started"] + 3600))
    except CannotRestore as error:
        verdict = "critical" if error.is_bad else "unknown"
        raise NotProved(f"database {name} cannot be restored: {error}", verdict) from error
    wanted = held.get("rows")
    if differences := row_differences(rows, wanted):
        raise NotProved(f"database {name} is not what was dumped: {differences}")
    found = {"name": name, "tables": len(rows), "rows": sum(rows.values()), "newest_record": newest}
    return {**found, "is_compared": wanted is not None}


def restore(configuration: Facts, client: str, *, folder: Path, about: Facts) -> None:
    """Restore a client's newest copy, and add to `about` what that gave. Raise NotProved, RepositoryRefused."""
    repository = Repository(configuration, client)
    copy, took = restore_files(repository, configuration, folder=folder, about=about)
    begin = time.monotonic()
    dumps = count_files(folder / "files", copy)
    about["files"], databases = copy["files"], configuration["clients"][client]
    if missing := sorted({*databases} - {*dumps}):
        raise NotProved(f"the dump of database {missing[0]} is not in {copy['name']}")
    about["databases"] = restore_databases(
        configuration, copy, {name: dumps[name] for name in databases}, folder=folder
    )
    about["seconds"] = round(took + time.monotonic() - begin, 3)
    compare_with_manifest(configuration, copy, folder=folder, about=about)
    about["is_compared"] = about["compared"] > 0 and all(one["is_compared"] for one in about["databases"])
    repository.record_good_copy(configuration["policy"], {**about["archive"], "passed": utc(time.time())})
    judge_times(configuration, about)


def restore_files(repository: Repository, configuration: Facts, *, folder: Path, about: Facts) -> tuple[Facts, float]:
    """Restore the files of the newest copy, and its manifest; return the copy, and the seconds that its files took."""
    with repository.clients_kept_out(configuration.get("patience", PATIENCE)):
        compare_key(repository)
        copy = newest_copy(repository, configuration["policy"])
        about["archive"] = {"name": copy["name"], "id": copy["id"], "started": utc(copy["started"])}
        check_capacity(folder, copy["record"])
        about["age_seconds"] = round(time.time() - copy["started"])
        begin = time.monotonic()
        extract(repository, copy["name"], folder / "files")
        took = time.monotonic() - begin
        # After the files, not beside them: two borgs that want a lock at once wait a tenth of --lock-wait, a minute.
        if "manifest" in copy["record"]:
            extract(repository, f"{copy['name']}{MANIFEST_ENDING}", folder / "manifest")
    return copy, took


def restore_databases(configuration: Facts, copy: Facts, dumps: dict[str, Path], *, folder: Path) -> list[Facts]:
    """Restore dumps, by their database, into servers of their own, and return them. Raise NotProved."""
    found: list[Facts] = []
    for engine in dict.fromkeys(map(engine_of, dumps)):
        server = scratch_server(engine, configuration, folder)
        try:
            server.start()
            own = [name for name in dumps if engine_of(name) == engine]
            found += [count_rows(server, name, dumps[name], copy=copy) for name in own]
        except CannotRestore as error:
            raise NotProved(str(error), "unknown") from error
        finally:
            server.stop()
    return found


def scratch_server(engine: str, configuration: Facts, folder: Path) -> ScratchServer:
    """Return a server into which dumps of one kind of server are restored."""
    if engine == MARIADB:
        return ScratchMariadb(folder)
    return ScratchCluster(folder, configuration.get("postgresql", POSTGRESQL_PROGRAMS))


def judge_times(configuration: Facts, about: Facts) -> None:
    """Raise NotProved when restoring took longer, or the copy is older, than was promised."""
    took, age = about["seconds"], about["age_seconds"]
    if took > configuration["rto"]:
        allowed = configuration["rto"]
        raise NotProved(f"{about['archive']['name']} took {took:.0f} s to restore, {allowed:.0f} s allowed")
    if age > configuration["rpo"]:
        hours, allowed = age / 3600, configuration["rpo"] / 3600
        raise NotProved(f"the newest copy, {about['archive']['name']}, is {hours:.1f} h old, {allowed:.1f} h allowed")


def drill(configuration: Facts, client: str, root: Path) -> Facts:
    """Restore a client's newest copy below a folder, and return the item that says how it went."""
    about: Facts = {"item": "restore", "subject": f"host/{client}", "client": client}
    about.update(repository=configuration["repository"], problem="")
    try:
        with scratch_folder(root) as folder:
            restore(configuration, client, folder=folder, about=about)
    except (NotProved, RepositoryRefused) as error:
        problem = getattr(error, "problem", "")
        verdict = VERDICTS.get(problem, error.verdict)
        return {**about, "problem": problem, "verdict": verdict, "message": f"{str(error).rstrip('.')}."}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, configparser.Error) as error:
        # The record of a copy is what its client wrote: any kind of value may be in it.
        return {**about, "verdict": "unknown", "message": f"The restore test failed: {failure_text(error)}."}
    message = f"{about['archive']['name']} restored in {about['seconds']:.0f} s: {about['files']} files"
    message += f", {about['compared']} compared" if about["compared"] else ""
    for one in about["databases"]:
        newest = f", newest record {one['newest_record']}" if one["newest_record"] else ""
        message += f"; database {one['name']}: {one['tables']} tables, {one['rows']} rows{newest}"
    if not about["is_compared"]:
        message += "; what it held when it was made is not recorded"
    return {**about, "verdict": "ok" if about["is_compared"] else "warning", "message": f"{message}."}


def drill_all(configuration: Facts) -> Facts:
    """Restore the newest copy of every client and return what that left."""
    with scratch_root(configuration["scratch"], configuration.get("patience", PATIENCE)) as root:
        items = [drill(configuration, client, root) for client in sorted(configuration["clients"])]
    verdict = max([item["verdict"] for item in items], key=WORST_LAST.index, default="unknown")
    bad = [f"{item['client']}: {item['message']}" for item in items if item["verdict"] in {"unknown", "critical"}]
    message = " ".join(bad) or ("1 copy restored." if len(items) == 1 else f"{len(items)} copies restored.")
    outcome = "failed" if bad or not items else "done"
    return {"outcome": outcome, "verdict": verdict, "message": message, "items": items}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) not in {1, 2} or arguments[1:] not in ([], ["remove"]):
        return 2, "usage: drill.py CONFIG.json [remove]"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch is removed
    try:
        configuration = read_configuration(arguments[0])
        if arguments[1:]:
            with scratch_root(configuration["scratch"], 0):
                return 0, f"{configuration['job']}: nothing is left in {configuration['scratch']}"
        with open_spool(configuration) as spool:
            result = spool.keep(drill_all(configuration))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"drill: {error}"
    return int(result["outcome"] == "failed"), f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
