"""Manifests of copies: what stands in them, where it comes from, and what is found when a copy came back."""

import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.onhost import file_digests
from opspact.onhost.borg_client import NoBackup
from opspact.onhost.file_comparison import compare_files, head_after
from opspact.onhost.file_digests import KnownDigests, identity_of, make_manifest
from opspact.onhost.file_manifest import FileEntry, entry_line, manifest_entries, sampled_entries, text_line

NAME = "nightly-20261123T191753Z"
HEAD = f"12:{'ab' * 32}"
BORG = """#!/bin/sh
echo "$@" >>{0}/asked
case "$*" in
    *"{{sha256}}"*) cat {0}/back;;
    list*) cat {0}/listed;;
    create*) test ! -e {0}/full || {{ echo "No space left on device" >&2; exit 2; }}; cat >{0}/stored;;
esac
"""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Client:
    """A host with files that borg has archived as they are, and a borg that stores what it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "srv"
        self.cache = folder / "cache"
        for each in (self.files, self.cache, folder / "bin"):
            each.mkdir()
        borg = folder / "bin/borg"
        borg.write_text(BORG.format(folder))
        borg.chmod(0o755)
        self.entries: list[dict[str, Any]] = []
        self.read_back: dict[str, str] = {}

    def add(self, name: str, text: str) -> dict[str, Any]:
        path = self.files / name
        path.write_text(text)
        return self.archived(path)

    def archived(self, path: Path, **changed: Any) -> dict[str, Any]:
        """Have an entry of a file in borg's list, as it is now."""
        status = path.stat()
        times = {
            name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
            for name, at in (("mtime", status.st_mtime), ("ctime", status.st_ctime))
        }
        entry = {"type": "-", "path": str(path)[1:], "source": "", "size": status.st_size, **times, **changed}
        self.entries.append(entry)
        return entry

    def run(self, **more: Any) -> dict[str, Any]:
        (self.folder / "listed").write_text("".join(f"{json.dumps(entry)}\n" for entry in self.entries))
        back = [{"type": "-", "path": path, "source": "", "sha256": digest} for path, digest in self.read_back.items()]
        (self.folder / "back").write_text("".join(f"{json.dumps(entry)}\n" for entry in back))
        return make_manifest(self.configuration, f"unproven-{NAME}", name=NAME, databases=more.get("databases", []))

    @property
    def configuration(self) -> dict[str, Any]:
        environment = {"BORG_CACHE_DIR": str(self.cache)}
        return {"job": "backup/nightly", "repository": "ssh://b/./main", "environment": environment}

    @property
    def stored(self) -> Path:
        return self.folder / "stored"

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def digests(self) -> dict[str, str]:
        return {f"/{entry.path}": entry.digest for entry in manifest_entries(self.stored)}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return made


def test_each_file_of_the_archive_is_in_its_manifest_and_sha256sum_reads_that(client: Client) -> None:
    names = {"a": "one", "办公.txt": "two", "back\\slash": "three", "new\nline": "four"}
    (client.files / "a").touch()
    (client.files / "link").hardlink_to(client.files / "a")
    for name, text in names.items():
        client.add(name, text)
    client.archived(client.files / "link", source=str(client.files / "a")[1:], size=0)
    client.archived(client.files, type="d")
    about = client.run()
    assert client.digests() == {str(client.files / name): sha256(text) for name, text in names.items()}
    assert (about["files"], about["unchecked"]) == (4, 0)
    assert about["sha256"] == hashlib.sha256(client.stored.read_bytes()).hexdigest()
    command = ["sha256sum", "--check", "--strict", str(client.stored)]
    checked = subprocess.run(command, cwd="/", capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert client.asked[-1].startswith("create --lock-wait 600")
    assert client.asked[-1].endswith(f"--stdin-name SHA256SUMS ssh://b/./main::{NAME}.manifest -")


def test_the_digest_of_a_dump_is_the_one_of_what_was_dumped(client: Client) -> None:
    path = "run/opspact/borgmatic/nightly/postgresql_databases/localhost/oa"
    client.entries.append({"type": "-", "path": path, "source": "", "size": 5, "mtime": "x", "ctime": "x"})
    client.run(databases=[{"name": "oa", "sha256": "5a" * 32}])
    assert client.digests() == {f"/{path}": "5a" * 32}


def test_only_what_changed_since_the_last_backup_is_read(client: Client) -> None:
    for name in ("same", "other"):
        client.add(name, name)
    client.run()
    known = KnownDigests(client.configuration)
    same = client.files / "same"
    known.keep(identity_of(same.stat(), str(same)[1:]), "f" * 64)  # so that it shows that nobody read the file
    known.save()
    client.run()
    assert client.digests() == {str(same): "f" * 64, str(client.files / "other"): sha256("other")}
    (client.cache / "nightly.digests").write_bytes(b"x" * 32 + b"damaged")
    client.run()
    assert client.digests()[str(same)] == sha256("same")


@pytest.mark.parametrize("what", ["written to", "given another time", "removed", "replaced by a pipe"])
def test_a_file_that_changed_since_borg_read_it_is_read_back_from_the_archive(client: Client, what: str) -> None:
    entry = client.add("log", "as archived")
    path = client.files / "log"
    if what == "written to":
        path.write_text("as archivex")
        os.utime(path, (0, datetime.fromisoformat(f"{entry['mtime']}+00:00").timestamp()))
        client.entries[0]["ctime"] = "2020-01-01T00:00:00.000000"
    elif what == "given another time":
        os.utime(path, (5, 5))
    else:
        path.unlink()
        if what.endswith("pipe"):
            os.mkfifo(path)
    client.read_back = {str(path)[1:]: sha256("as archived")}
    about = client.run()
    assert client.digests() == {str(path): sha256("as archived")}
    assert (about["files"], about["unchecked"]) == (1, 0)
    assert f"pf:{str(path)[1:]}" in client.asked[1]


def test_what_cannot_be_read_back_is_named_and_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_digests, "MOST_BYTES_BACK", 3)
    for name, text in (("small", "abc"), ("large", "abcd")):
        os.utime(client.files / client.add(name, text)["path"].rpartition("/")[2], (5, 5))
    client.read_back = {str(client.files / "small")[1:]: sha256("abc")}
    about = client.run()
    assert (about["files"], about["unchecked"]) == (1, 1)
    assert f"# no digest: {str(client.files / 'large')[1:]}\n" in client.stored.read_text()
    assert len([line for line in client.asked if "{sha256}" in line and "large" not in line]) == 1


def test_a_manifest_that_cannot_be_stored_is_none(client: Client) -> None:
    client.add("a", "one")
    (client.folder / "full").touch()
    with pytest.raises(NoBackup, match="No space left"):
        client.run()


@given(st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1), unique=True))
def test_entries_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, paths: list[str]) -> None:
    manifest = tmp_path_factory.mktemp("x") / "SHA256SUMS"
    entries = [FileEntry(sha256(path.encode("utf-8", "surrogatepass").hex()), path) for path in paths if encodes(path)]
    manifest.write_bytes(text_line("of\ntwo lines") + b"".join(map(entry_line, entries)))
    assert list(manifest_entries(manifest)) == entries


def encodes(path: str) -> bool:
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("line", ["a  b\n", f"{'0' * 64} b\n", f"{'0' * 64}  b", "\n"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "m").write_text(line)
    with pytest.raises(ValueError, match="line 1"):
        list(manifest_entries(tmp_path / "m"))


def restored(folder: Path, count: int) -> Path:
    """Have so many restored files and their manifest."""
    (folder / "files/d").mkdir(parents=True)
    lines = []
    for number in range(count):
        (folder / f"files/d/{number}").write_text(str(number))
        lines.append(entry_line(FileEntry(sha256(str(number)), f"d/{number}")))
    (folder / "m").write_bytes(b"".join(lines))
    return folder / "m"


def test_a_sample_is_drawn_by_its_seed_and_by_nothing_else(tmp_path: Path) -> None:
    manifest = restored(tmp_path, 200)
    first = {entry.path for entry in sampled_entries(manifest, HEAD, 20)}
    assert len(first) == 20
    assert first == {entry.path for entry in sampled_entries(manifest, HEAD, 20)}
    assert first != {entry.path for entry in sampled_entries(manifest, f"13:{'ab' * 32}", 20)}
    manifest.write_bytes(b"".join(reversed(manifest.read_bytes().splitlines(keepends=True))))
    assert first == {entry.path for entry in sampled_entries(manifest, HEAD, 20)}
    assert len(sampled_entries(manifest, HEAD, 500)) == 200
    everywhere = {entry.path for n in range(60) for entry in sampled_entries(manifest, f"{n}:{HEAD}", 20)}
    assert len(everywhere) > 190


def test_files_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    manifest = restored(tmp_path, 10)
    assert compare_files(tmp_path / "files", manifest, seed="", sample=3) == (10, [])
    assert compare_files(tmp_path / "files", manifest, seed=HEAD, sample=3) == (3, [])
    (tmp_path / "files/d/3").write_text("4")
    (tmp_path / "files/d/5").unlink()
    (tmp_path / "files/d/6").chmod(0)
    found = compare_files(tmp_path / "files", manifest, seed=HEAD, sample=0)
    assert found == (10, ["d/3", "d/5"])


def test_nothing_outside_of_what_was_restored_is_read(tmp_path: Path) -> None:
    (tmp_path / "files/d").mkdir(parents=True)
    (tmp_path / "secret").write_text("precious")
    (tmp_path / "files/link").symlink_to(tmp_path / "secret")
    (tmp_path / "files/way").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "files/pipe")
    paths = ["../secret", str(tmp_path / "secret"), "link", "way/secret", "d/../../secret", "pipe", "d", "x\0y"]
    manifest = tmp_path / "m"
    manifest.write_bytes(b"".join(entry_line(FileEntry(sha256("precious"), path)) for path in paths))
    assert compare_files(tmp_path / "files", manifest, seed="", sample=0).differing == paths


@pytest.mark.parametrize(
    ("head", "at", "seed"),
    [
        (HEAD, "2026-11-23T20:00:00Z", HEAD),
        (HEAD, "2026-11-23T19:30:00Z", ""),
        (HEAD, "2026-11-23T08:00:00Z", ""),
        ("12:xyz", "2026-11-23T20:00:00Z", ""),
        (HEAD, "soon", ""),
        (None, None, ""),
    ],
)
def test_the_seed_is_the_head_of_the_ledger_if_that_is_newer_than_the_manifest(
    tmp_path: Path, head: str, at: str, *, seed: str
) -> None:
    file = tmp_path / "nightly.json"
    assert head_after(str(file), "2026-11-23T19:30:00Z") == ""
    file.write_text(json.dumps({"head": head, "at": at}))
    assert head_after(str(file), "2026-11-23T19:30:00Z") == seed
    file.write_text("[]")
    assert head_after(str(file), "2026-11-23T19:30:00Z") == ""
