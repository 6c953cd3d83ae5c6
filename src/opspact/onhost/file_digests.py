"""The digests of all files that an archive holds, stored beside it as its manifest.

Comes in: a backup's settings, its archive, the digests of its dumps. Goes out: a second archive, and what is said of
it: its SHA-256, how many files it names and how many it cannot, when it was `made`. Part of `backup`.

What is read is the file on this host, as long as its size and its times are those in the archive: that is no witness
that borg made. Only what changed since the last backup is read; the other digests are taken over. What has changed
since borg read it is read back from the archive, unless it is too much.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from opspact.onhost.backup_failure import Facts
from opspact.onhost.borg_client import borg
from opspact.onhost.database_name import database_of_dump
from opspact.onhost.file_manifest import (
    MANIFEST_ENDING,
    MANIFEST_FILE,
    FileEntry,
    digest_of_stream,
    entry_line,
    text_line,
)
from opspact.onhost.spool import utc, write_atomically

IDENTITY, DIGEST = 16, 32  # bytes of what a file is known by, and of its digest
MOST_KNOWN = 500_000  # files whose digests are kept for the next backup
MOST_BYTES_BACK = 256 * 2**20  # of files that are read back from the archive
MOST_NAMES_BACK = 100_000  # bytes of their names
SAME_TIME = 5e-6  # seconds: borg gives microseconds


class KnownDigests:
    """Digests of files as they were at earlier backups of a policy; they can be lost at any time."""

    def __init__(self, configuration: Facts) -> None:
        folder = configuration["environment"].get("BORG_CACHE_DIR", "")
        self.path = Path(folder, f"{configuration['job'].partition('/')[2]}.digests") if folder else None
        self.known = self._read()
        self.seen: dict[bytes, bytes] = {}

    def _read(self) -> dict[bytes, bytes]:
        try:
            data = self.path.read_bytes() if self.path else b""
        except OSError:
            return {}
        check, rows, width = data[:DIGEST], data[DIGEST:], IDENTITY + DIGEST
        if hashlib.sha256(rows).digest() != check or len(rows) % width:
            return {}
        return {rows[at : at + IDENTITY]: rows[at + IDENTITY : at + width] for at in range(0, len(rows), width)}

    def find(self, identity: bytes) -> str:
        """Return the digest of a file that has not changed; empty: it has."""
        return self.known.get(identity, b"").hex()

    def keep(self, identity: bytes, digest: str) -> None:
        """Keep the digest of a file for the next backup."""
        if len(self.seen) < MOST_KNOWN:
            self.seen[identity] = bytes.fromhex(digest)

    def save(self) -> None:
        """Write down what was kept, and nothing else. Raise OSError."""
        rows = b"".join(identity + digest for identity, digest in self.seen.items())
        if self.path:
            write_atomically(self.path, hashlib.sha256(rows).digest() + rows)


def make_manifest(configuration: Facts, archive: str, *, name: str, databases: Iterable[Facts]) -> Facts:
    """Given an archive, the name that it gets and its databases, store its manifest and return what is said of that.

    Raise NoBackup, OSError, ValueError or LookupError when there is none.
    """
    place, known = f"{configuration['repository']}::{archive}", KnownDigests(configuration)
    dumps = {each["name"]: each["sha256"] for each in databases}
    with tempfile.TemporaryFile() as listed, tempfile.TemporaryFile() as manifest:
        borg(configuration, "list", "--json-lines", "--format", "{size}{mtime}{ctime}", place, out=listed)
        listed.seek(0)
        manifest.write(text_line(f"{name}: SHA-256 of its files; check with: sha256sum --check"))
        files, changed = 0, []
        for entry in regular_entries(listed):
            database = database_of_dump(entry["path"])
            digest = dumps.get(database, "") if database else live_digest(entry, known)
            if digest:
                manifest.write(entry_line(FileEntry(digest, entry["path"])))
                files += 1
            else:
                changed.append(entry)
        found = read_back(configuration, place, changed)
        for path in (entry["path"] for entry in changed):
            line = entry_line(FileEntry(found[path], path)) if path in found else text_line(f"no digest: {path}")
            manifest.write(line)
        manifest.seek(0)
        about = {
            "sha256": digest_of_stream(manifest),
            "files": files + len(found),
            "unchecked": len(changed) - len(found),
        }
        store_manifest(configuration, name, manifest)
    known.save()
    return {**about, "made": utc(time.time())}


def store_manifest(configuration: Facts, name: str, manifest: IO[bytes]) -> None:
    """Make the archive of a manifest beside that of its copy. Raise NoBackup."""
    manifest.seek(0)
    options = (
        "--lock-wait",
        "600",
        "--files-cache",
        "disabled",
        "--compression",
        "zstd",
        "--stdin-name",
        MANIFEST_FILE,
    )
    borg(
        configuration,
        "create",
        *options,
        f"{configuration['repository']}::{name}{MANIFEST_ENDING}",
        "-",
        given=manifest,
    )


def regular_entries(listed: Iterable[bytes]) -> Iterator[Facts]:
    """Yield the regular files that borg lists, those of several names once."""
    for line in listed:
        entry = json.loads(line)
        if entry["type"] == "-" and not entry.get("source"):
            yield entry


def live_digest(entry: Facts, known: KnownDigests) -> str:
    """Return the SHA-256 of a file on this host; empty where it is not as it is in the archive, or cannot be read."""
    try:
        descriptor = os.open(f"/{entry['path']}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not is_equal_entry(before, entry):
            return ""
        identity = identity_of(before, entry["path"])
        digest = known.find(identity)
        if not digest:
            try:
                digest = digest_of_stream(file)
            except OSError:
                return ""
            if identity_of(os.fstat(descriptor), entry["path"]) != identity:
                return ""
        known.keep(identity, digest)
        return digest


def is_equal_entry(status: os.stat_result, entry: Facts) -> bool:
    """Return whether a file has the size and the times that it has in an archive."""
    times = ((status.st_mtime, entry["mtime"]), (status.st_ctime, entry["ctime"]))
    is_same = all(abs(here - seconds_exactly(there)) < SAME_TIME for here, there in times)
    return stat.S_ISREG(status.st_mode) and status.st_size == entry["size"] and is_same


def seconds_exactly(text: str) -> float:
    """Given borg's time of a file (UTC, `2026-11-23T19:14:03.000000`), return seconds since the epoch."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float(text[19:26] or 0)


def identity_of(status: os.stat_result, path: str) -> bytes:
    """Return what a file is known by as long as nobody changes it."""
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, path)
    return hashlib.blake2b(repr(facts).encode("utf-8", "surrogateescape"), digest_size=IDENTITY).digest()


def read_back(configuration: Facts, place: str, entries: Iterable[Facts]) -> dict[str, str]:
    """Return the digests of files by what the archive holds, of as many as is no burden. Raise NoBackup."""
    chosen, size, names = [], 0, 0
    for entry in sorted(entries, key=lambda one: one["size"]):
        size, names = size + entry["size"], names + len(entry["path"].encode("utf-8", "surrogateescape"))
        if size > MOST_BYTES_BACK or names > MOST_NAMES_BACK:
            break
        chosen.append(f"pf:{entry['path']}")
    if not chosen:
        return {}
    listed = borg(configuration, "list", "--json-lines", "--format", "{sha256}", place, *chosen).splitlines()
    found = [entry for entry in map(json.loads, listed) if entry["type"] == "-" and not entry.get("source")]
    return {entry["path"]: entry["sha256"] for entry in found if len(entry["sha256"]) == 2 * DIGEST}
