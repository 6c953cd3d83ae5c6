"""Make one backup as a policy asks, prove that it is one, and spool the proof.

Comes in: `backup.py CONFIG.json`: `{"job": "backup/POLICY", "borgmatic": a configuration in sections, "options": the
same as data, "repository": its URL, "environment": {"BORG_…"}, "paths": […], "databases": [PostgreSQL names]}`; holds
no secret.
Goes out: an archive `POLICY-TIME` on the backup server and one result in the spool, with the newest proven archive as
`copy` (null: the repository was asked and holds none; missing: it could not be asked). Run by systemd as root, with the
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
from typing import Any

from opspact.onhost.spool import CannotRun, open_spool, read_configuration, utc

Facts = dict[str, Any]
UNPROVEN = "unproven-"
RENAMES_WELL = (1, 2, 5)  # the first borg that signs what it renames
LINES_KEPT = 5000  # of borgmatic's output; a backup with more warnings than that is bad enough
SHOWN = 20  # warnings and names that a result holds
PSEUDO = {"autofs", "cgroup2", "devpts", "devtmpfs", "fusectl", "mqueue", "nsfs", "overlay", "proc", "sysfs", "tmpfs"}


FAILED_DUMP = re.compile(r"^Command .*/\w+_databases/[^/\s]+/'?([^'\s]+)'* returned non-zero exit status")
EXCEPTION = re.compile(r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Failed): ")
CLOSED = "Connection closed by remote host"
NOISE = re.compile(
    rf"^(?:Command '.*' returned non-zero|terminating with |{CLOSED}|Need some help\?"
    r"|Traceback |During handling of |The above exception |Local Exception|Remote Exception|passcommand supplied in "
    r"|(?:Borg server: )?(?:Platform|Linux|Borg|PID|sys\.argv|SSH_ORIGINAL_COMMAND): |Borg server: "
    r"|Creating archive at |Remote: @|/.*: (?:file changed|(?:\w+: )?\[Errno )|\.\.\.$)"
    r"|: (?:Error (?:running|parsing|getting) |Creating archive$|Dumping |Excluding special files |No valid )"
)
"""Lines of borg and borgmatic that say that something failed, or where, and never why."""


class NoBackup(Exception):  # noqa: N818 - named after the decision
    """What was made is no backup; the message says why."""


def borg(configuration: Facts, *arguments: str) -> str:
    """Run borg without questions and return its output. Raise NoBackup when it fails."""
    environment = {**os.environ, **configuration["environment"], "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(("borg", *arguments), env=environment, capture_output=True, errors="replace", check=False)
    except OSError as error:
        raise NoBackup(f"borg cannot be started: {error}") from error
    if done.returncode not in {0, 1}:
        reason = cause(done.stderr.splitlines(), configuration) or f"exit status {done.returncode}"
        raise NoBackup(f"borg {arguments[0]} failed: {reason}")
    return done.stdout


def cause(lines: list[str], configuration: Facts) -> str:
    """Given what borg or borgmatic wrote, return why it failed, with the name of what failed; empty: it did not say."""
    if found := [match[1] for match in map(FAILED_DUMP.search, lines) if match]:
        return f"the dump of database {found[-1]} failed: {dump_failure(found[-1])}"
    said = [line.strip() for line in lines[: lines.index("summary:") if "summary:" in lines else None]]
    spoken = [line.strip() for line in lines[: len(said)] if line.strip() and line[0] != " " and not NOISE.search(line)]
    last = (spoken or [line for line in said if line.startswith(CLOSED)] or [""])[-1]
    reason = next((line for line in spoken if "you have requested strict checking" in line), last)
    by_server = any(line.startswith("Borg server: ") for line in said)
    return named(EXCEPTION.sub("", reason), configuration, by_server=by_server)[:500] if reason else ""


def named(reason: str, configuration: Facts, *, by_server: bool) -> str:
    """Given why borg failed, return it with the name of what it is about. `by_server`: borg failed over there."""
    environment, repository = configuration["environment"], configuration["repository"]
    if re.search("passphrase supplied in .* is incorrect", reason):
        file = environment.get("BORG_PASSCOMMAND", "").partition(" ")[2]
        return f"the repository {repository} was created with another passphrase than that in {file}"
    reason = re.sub(
        r"^\[Errno \d+\] (.*?)(?:: '(.*)')?$", lambda found: ": ".join(filter(None, found.groups())), reason
    )
    words = re.sub(r"^Remote: (?!ssh:|Host key|No .* host key|\S+@\S+: )", "backup server: ", reason)
    words = words.replace("Remote: ", "", 1).rstrip(".")
    if by_server:
        return words if "/" in words else f"repository {repository}: {words}"
    if words == "No space left on device":
        places = [environment[name] for name in ("BORG_CACHE_DIR", "BORG_BASE_DIR") if name in environment]
        return f"{words} on this host, where borg writes ({', '.join(places) or 'its cache'})"
    return f"repository {repository}: {words}" if "Data integrity" in words else words


def dump_failure(database: str) -> str:
    """Given a database whose dump failed, return what PostgreSQL says of that: borgmatic 1.7 does not pass it on."""
    command = ("runuser", "-u", "postgres", "--", "pg_dump", "--schema-only", "--no-password", database)
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            errors="replace",
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if done.returncode == 0:
        return "pg_dump did not say why, and can read the database now"
    return next((line for line in said if "error:" in line), (said or [f"exit status {done.returncode}"])[-1])


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
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace") as process:
            for line in process.stdout or ():
                sys.stderr.write(line)
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


def dumps_in(configuration: Facts, archive: str) -> list[Facts]:
    """Return every wanted database with the bytes of its dump in the archive. Raise NoBackup when one is missing."""
    databases = configuration.get("databases", [])
    if not databases:
        return []
    place = f"{configuration['repository']}::{archive}"
    listed = borg(configuration, "list", "--json-lines", place, "sh:**/postgresql_databases/**").splitlines()
    entries = [entry for entry in map(json.loads, listed) if entry["type"] == "-"]
    sizes = {entry["path"].rsplit("/", 1)[-1]: entry["size"] for entry in entries}
    for name in databases:
        if not sizes.get(name):
            raise NoBackup(f"the dump of database {name} is {'empty' if name in sizes else 'not in the archive'}")
    return [{"name": name, "bytes": sizes[name]} for name in databases]


def prove(configuration: Facts, archive: str) -> Facts:
    """Return what the archive holds, given its real name by now. Raise NoBackup when it is no backup."""
    place = f"{configuration['repository']}::{archive}"
    databases = dumps_in(configuration, archive)
    info = json.loads(borg(configuration, "info", "--json", place))["archives"][0]
    stats = info["stats"]
    if not stats["nfiles"]:
        raise NoBackup("the archive contains no files")
    name = archive[len(UNPROVEN) :]
    name_archive(configuration, place, name)
    found = newest(configuration)
    if found is None or found["name"] != name:
        raise NoBackup(f"the archive {name} is not the newest archive in the repository")
    sizes = {word: stats[f"{word}_size"] for word in ("original", "compressed", "deduplicated")}
    return {
        "archive": {"name": name, "files": stats["nfiles"], "seconds": info["duration"], "bytes": sizes},
        "databases": databases,
        "copy": found,
    }


def name_archive(configuration: Facts, place: str, name: str) -> None:
    """Given an archive and its real name, have it there under that name alone.

    What borg before 1.2.5 renamed carries a wrong signature: borg 1.4 then refuses to prune, to extract, and to add to
    the repository (findings/borg-rename.sh). Such a borg copies the archive, without its data, and signs the copy.
    """
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", borg(configuration, "--version"))
    if found and tuple(map(int, found.groups())) < RENAMES_WELL:
        borg(configuration, "recreate", "--target", name, place)
        borg(configuration, "delete", place)
    else:
        borg(configuration, "rename", place, name)


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
    status, lines = create(configuration)
    if status != 0:
        reasons = [*filter(None, [cause(lines, configuration)]), *missing]
        raise NoBackup("; ".join(reasons) or f"borgmatic ended with {status} and gave no reason")
    archive = archive_named_in(lines)
    warnings = warnings_in(lines)
    if missing := missing or skipped_paths(paths, warnings):
        raise NoBackup("; ".join(missing))
    facts = {**prove(configuration, archive), "left_out": excluded_files(lines)[:SHOWN]}
    missed = excluded_mounts(paths)
    warnings += [f"{mount}: another file system, not in the backup" for mount in missed]
    facts["warnings"] = warnings[:SHOWN]
    facts.update(outcome="done", verdict="warning" if warnings else "ok", items=[])
    facts["message"] = f"Backed up as {facts['archive']['name']}"
    facts["message"] += f", but {len(warnings)} paths were skipped: {warnings[0]}." if warnings else "."
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
