"""Make one backup as a policy asks, prove that it is one, and spool the proof.

Comes in: `backup.py CONFIG.json`: `{"job": "backup/POLICY", "borgmatic": a configuration in sections, "options": the
same as data, "repository": its URL, "environment": {"BORG_…"}, "paths": […], "databases": [names, as `database_name`
has them], "roles" and "users": where the accounts of PostgreSQL and of MariaDB are meanwhile}`; holds no secret.
Goes out: an archive `POLICY-TIME` on the backup server, beside it one of the digests of its files (`manifest`), and one
result in the spool, with the newest proven archive as `copy` (null: the repository was asked and holds none; missing:
it could not be asked). Run by systemd as root, with the
host's python3 (3.9 or newer), borgmatic (1.7 or newer) and borg (1.2).

borgmatic names the archive `unproven-…`; only when every dump is in it does it get its real name. borgmatic 1.7 stores
an archive although a dump failed (empty where the dump should be), and nothing may take that for a backup.
Ends with 0 when there is a proven backup, with 1 when there is none, with 75 when an earlier run is still at it.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from opspact.onhost.backup_dumps import accounts_kept, dumps_in, unsafe_tables
from opspact.onhost.backup_failure import Facts, cause, proof_folder
from opspact.onhost.borg_client import NoBackup, borg
from opspact.onhost.copy_record import encode_record
from opspact.onhost.file_digests import make_manifest
from opspact.onhost.redaction import redactor_of
from opspact.onhost.spool import CannotRun, open_spool, read_configuration, utc

UNPROVEN = "unproven-"
OF_RECORD = ("bytes", "sha256", "rows", "character_set", "collation")  # what the record of a copy says of a dump
LINES_KEPT = 5000  # of borgmatic's output; a backup with more warnings than that is bad enough
SHOWN = 20  # warnings and names that a result holds
PSEUDO = {"autofs", "cgroup2", "devpts", "devtmpfs", "fusectl", "mqueue", "nsfs", "overlay", "proc", "sysfs", "tmpfs"}


def borgmatic_version() -> tuple[int, int]:
    """Return the first two numbers of the version of this host's borgmatic; 0.0 when it does not say one."""
    try:
        said = subprocess.run(("borgmatic", "--version"), capture_output=True, errors="replace", check=False).stdout
    except OSError as error:
        raise NoBackup(f"borgmatic cannot be started: {error}") from error
    found = re.fullmatch(r"(\d+)\.(\d+)\S*", said.strip())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def configuration_file(configuration: Facts) -> str:
    """Return the configuration in the form that this host's borgmatic wants, written where the run keeps its pipes.

    From 1.8 on without sections, from 1.9 on with another option for where the pipes are: the older form still works
    there, with a warning that it will not for ever. JSON is YAML.
    """
    version = borgmatic_version()
    if version < (1, 8):
        return str(configuration["borgmatic"])
    options = {name: value for section in configuration["options"].values() for name, value in section.items()}
    options["repositories"] = [{"path": url} for url in options["repositories"]]
    folder = Path(options["borgmatic_source_directory"])
    if version >= (1, 9):
        options["user_runtime_directory"] = options.pop("borgmatic_source_directory")
    file = folder / "configuration.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(options, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise NoBackup(f"{file} cannot be written: {error.strerror}") from error
    return str(file)


def create(configuration: Facts) -> tuple[int, list[str]]:
    """Run borgmatic and pass its words on to the journal; return its exit status and the end of its output.

    Not with `--json`: borgmatic 1.7 mixes warnings into it while it streams database dumps.
    """
    command = (
        "borgmatic",
        "--config",
        configuration_file(configuration),
        "--no-color",
        "--verbosity",
        "1",
        "--syslog-verbosity",
        "-1",
        "create",
    )
    for path in proof_folder(configuration).rglob("*.json"):  # what an earlier run proved
        path.unlink()
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    redactor = redactor_of(configuration)
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace") as process:
            for line in process.stdout or ():
                sys.stderr.write(f"{redactor.masked(line.rstrip())}\n")
                lines.append(line.rstrip())
            return process.wait(), list(lines)
    except OSError as error:
        raise NoBackup(f"borgmatic cannot be started: {error}") from error


def archive_named_in(lines: list[str]) -> str:
    """Given borgmatic's output, return the name of the archive that it made. Raise NoBackup when there is none.

    borgmatic 2 adds `.checkpoint` to it until all dumps are through, and says only that name.
    """
    found = re.search(rf'Creating archive at ".*::({UNPROVEN}[^"]+?)(?:\.checkpoint)?"', "\n".join(lines))
    if not found:
        raise NoBackup(f"borgmatic created no archive: {(lines or ['no output'])[-1][:500]}")
    return found.group(1)


def warnings_in(lines: list[str]) -> list[str]:
    """Return borg's complaints about files; those that changed or went away while being read are daily life."""
    begin = next((at for at, line in enumerate(lines) if line.startswith("Creating archive at")), 0)
    said = lines[begin : next((at for at, line in enumerate(lines) if line.startswith("terminating with")), None)]
    complaints = [line for line in said if re.match(r"/.*: .", line)]
    return [line for line in complaints if not re.search(r"changed while we backed it up|\[Errno 2\]", line)]


def excluded_files(lines: list[str]) -> list[dict[str, str]]:
    """Return the special files that borgmatic leaves out beside database dumps: masked units, links to devices."""
    found = re.search(r"Excluding special files to prevent Borg from hanging: (.+)", "\n".join(lines))
    paths = found.group(1).split(", ") if found else []
    return [{"path": path, "target": str(Path(path).readlink()) if Path(path).is_symlink() else ""} for path in paths]


def excluded_mounts(paths: list[str]) -> list[str]:
    """Return mount points below the paths that borg does not enter, since it stays on each path's own file system."""
    missed: set[str] = set()
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, after = line.split(" - ", 1)
        mount, system = before.split()[4].replace("\\040", " "), after.split()[0]
        roots = [path for path in paths if mount != path and mount.startswith(path.rstrip("/") + "/")]
        if (
            roots
            and mount not in paths
            and system not in PSEUDO
            and any(is_other_device(mount, path) for path in roots)
        ):
            missed.add(mount)
    return sorted(missed)


def is_other_device(mount: str, path: str) -> bool:
    """Return whether a mount point is on another file system than a path; what cannot be looked at is in no backup."""
    try:
        return Path(path).stat().st_dev != Path(mount).stat().st_dev
    except FileNotFoundError:
        return False
    except OSError:
        return True


def path_problem(path: str) -> str:
    """Given a path of the policy, return why it cannot be backed up; empty: it is there."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return f"{path} does not exist on this host"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return ""


def skipped_paths(paths: list[str], warnings: list[str]) -> list[str]:
    """Given the policy's paths and borg's complaints, return why one of the paths themselves was not read."""
    said = [line.partition(": ") for line in warnings]
    return [f"{path} cannot be read: {why}" for path, _, why in said if path in {it.rstrip("/") or "/" for it in paths}]


def prove(configuration: Facts, archive: str) -> Facts:
    """Return what the archive holds, given its real name by now. Raise NoBackup when it is no backup.

    Its manifest comes first: so the record of the copy can say which one is its own.
    """
    place = f"{configuration['repository']}::{archive}"
    databases = dumps_in(configuration, archive)
    info = json.loads(borg(configuration, "info", "--json", place))["archives"][0]
    stats = info["stats"]
    if not stats["nfiles"]:
        raise NoBackup("the archive contains no files")
    name = archive[len(UNPROVEN) :]
    sizes = {word: stats[f"{word}_size"] for word in ("original", "compressed", "deduplicated")}
    held = {one["name"]: {word: one[word] for word in OF_RECORD if word in one} for one in databases}
    record = {"files": stats["nfiles"], "bytes": sizes["original"], "databases": held}
    manifest = manifest_of(configuration, archive, name=name, databases=databases)
    if "error" not in manifest:
        record["manifest"] = manifest
    name_archive(configuration, place, name=name, record=record)
    found = newest(configuration)
    if found is None or found["name"] != name:
        raise NoBackup(f"the archive {name} is not the newest archive in the repository")
    return {
        "archive": {"name": name, "files": stats["nfiles"], "seconds": info["duration"], "bytes": sizes},
        "databases": databases,
        "manifest": manifest,
        "copy": found,
    }


def manifest_of(configuration: Facts, archive: str, *, name: str, databases: list[Facts]) -> Facts:
    """Store the manifest of an archive and return what is said of it: an `error` where there is none.

    The copy is one without it, too: it can be restored, but not compared.
    """
    try:
        return make_manifest(configuration, archive, name=name, databases=databases)
    except NoBackup as error:
        return {"error": str(error)}
    except (OSError, ValueError, LookupError) as error:
        return {"error": repr(error)}


def name_archive(configuration: Facts, place: str, *, name: str, record: Facts) -> None:
    """Given an archive and its real name, have it there under that name alone, with the record of what it holds.

    borg copies the archive, without its data: it reads the list of files. Only so it gets a comment now that its
    content is known; and what borg before 1.2.5 renames carries a wrong signature: borg 1.4 then refuses to prune, to
    extract, and to add to the repository (findings/borg-rename.sh).
    """
    without_rows = {each: {**facts, "rows": None} for each, facts in record["databases"].items()}
    comment = encode_record(record) or encode_record({**record, "databases": without_rows})
    borg(configuration, "recreate", "--target", name, "--comment", comment, place)
    borg(configuration, "delete", place)


def newest(configuration: Facts) -> Facts | None:
    """Return name, id and start (UTC) of the newest proven archive; None when there is none. Raise NoBackup."""
    policy = configuration["job"].partition("/")[2]
    choice = ("--last", "1", "--glob-archives", f"{policy}-????????T??????Z")
    listed = borg(configuration, "list", "--json", *choice, configuration["repository"])
    for archive in json.loads(listed)["archives"]:
        stamp = time.strptime(archive["name"][-16:], "%Y%m%dT%H%M%SZ")
        return {"name": archive["name"], "id": archive["id"], "started": utc(calendar.timegm(stamp))}
    return None


def back_up(configuration: Facts) -> Facts:
    """Make the backup and return what is to be said about it. Raise NoBackup when there is none."""
    paths = configuration["paths"]
    missing = list(filter(None, map(path_problem, paths)))
    with accounts_kept(configuration) as no_accounts:
        status, lines = create(configuration)
    without = f"the dump of the {no_accounts}" if no_accounts else ""
    if status != 0:  # borgmatic 1.7 fails without a reason when a path is not there, as where accounts were to be
        reasons = [*filter(None, [cause(lines, configuration) or without]), *missing]
        raise NoBackup("; ".join(reasons) or f"borgmatic ended with {status} and gave no reason")
    archive = archive_named_in(lines)
    if without:
        raise NoBackup(without)
    warnings = warnings_in(lines)
    if missing := missing or skipped_paths(paths, warnings):
        raise NoBackup("; ".join(missing))
    facts = {**prove(configuration, archive), "left_out": excluded_files(lines)[:SHOWN]}
    missed = excluded_mounts(paths)
    warnings += [f"{mount}: another file system, not in the backup" for mount in missed]
    unsafe = unsafe_tables(facts["databases"])
    facts["warnings"] = [*unsafe, *warnings][:SHOWN]
    facts.update(outcome="done", verdict="warning" if facts["warnings"] else "ok", items=[])
    facts["message"] = f"Backed up as {facts['archive']['name']}"
    facts["message"] += f", but {len(warnings)} paths were skipped: {warnings[0]}." if warnings else "."
    facts["message"] += "".join(f" In {words}." for words in unsafe)
    if error := facts["manifest"].get("error"):
        facts["verdict"] = "warning"
        facts["message"] += f" The digests of its files were not recorded: {error}."
    return facts


def attempt(configuration: Facts) -> Facts:
    """Make the backup and return what it left, with the newest proven archive in any case."""
    try:
        return back_up(configuration)
    except NoBackup as error:
        message = f"No backup was made: {str(error).rstrip('.')}."
    except (ValueError, LookupError) as error:
        message = f"No backup was made: unexpected answer from borg ({error!r})."
    facts: Facts = {"outcome": "failed", "verdict": "critical", "message": message, "items": []}
    with contextlib.suppress(NoBackup, ValueError, LookupError):
        facts["copy"] = newest(configuration)
    return facts


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) != 1:
        return 2, "usage: backup.py CONFIG.json"
    try:
        configuration = read_configuration(arguments[0])
        with open_spool(configuration) as spool:
            result = spool.keep(attempt(configuration))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"backup: {error}"
    return int(result["outcome"] == "failed"), f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
