"""What was compiled before is used when its content is the same, and never when anybody else could have written it."""

import os
import pickle
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from building import DAY, service, tree

from opspact.workspace import compile_cache, workspace
from opspact.workspace.compile_cache import NO_CACHE, CompileCache, user_cache
from opspact.workspace.workspace import Workspace, now


@pytest.fixture
def cache(tmp_path: Path) -> CompileCache:
    return CompileCache(tmp_path / "cache")


def folder_of(cache: CompileCache) -> Path:
    assert cache.folder is not None
    return cache.folder


def entry(cache: CompileCache) -> Path:
    (path,) = folder_of(cache).iterdir()
    return path


def test_what_is_kept_is_found_again_by_its_content_and_day(cache: CompileCache) -> None:
    keys = [cache.key(*of) for of in (("work", "a", DAY), ("work", "b", DAY), ("side", "a", DAY))]
    keys.append(cache.key("work", "a", date(2026, 3, 3)))
    cache.put(keys[0], {"kept": [1]})

    assert len(set(keys)) == 4
    assert [cache.get(key) for key in keys] == [{"kept": [1]}, None, None, None]
    assert folder_of(cache).stat().st_mode & 0o777 == 0o700
    assert entry(cache).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [0, 10, 32, 40, -1])
def test_a_half_written_entry_is_none(cache: CompileCache, left: int) -> None:
    cache.put("key", list(range(100)))
    data = entry(cache).read_bytes()
    entry(cache).write_bytes(data[:left])

    assert cache.get("key") is None
    cache.put("key", [2])
    assert cache.get("key") == [2]


def test_an_entry_with_another_byte_is_never_unpickled(cache: CompileCache) -> None:
    cache.put("key", [1])
    data = bytearray(entry(cache).read_bytes())
    data[-2] ^= 1
    entry(cache).write_bytes(data)

    assert cache.get("key") is None


class Mark:
    """It creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o755, 0o777])
def test_a_folder_in_which_others_can_write_or_read_is_not_used(cache: CompileCache, tmp_path: Path, mode: int) -> None:
    data = pickle.dumps(Mark(tmp_path / "unpickled"))
    folder_of(cache).mkdir()
    (folder_of(cache) / "key.compiled").write_bytes(sha256(data).digest() + data)
    folder_of(cache).chmod(mode)

    assert cache.get("key") is None
    assert not (tmp_path / "unpickled").exists()
    cache.put("other", [1])
    assert len(list(folder_of(cache).iterdir())) == 1


def test_a_link_is_followed_to_no_entry_and_to_no_folder(cache: CompileCache, tmp_path: Path) -> None:
    cache.put("key", [1])
    entry(cache).rename(tmp_path / "elsewhere")
    (folder_of(cache) / "key.compiled").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(folder_of(cache))

    assert cache.get("key") is None
    assert CompileCache(tmp_path / "link").get("key") is None


def test_what_lies_in_a_repository_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "repository" / "a" / "cache"
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(inside))
    assert user_cache() == NO_CACHE
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert user_cache().folder == tmp_path / "cache" / "opspact" / "compiled"
    (tmp_path / "link").symlink_to(inside)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "link"))
    assert user_cache() == NO_CACHE


def test_the_oldest_entries_go_and_so_does_what_an_interrupted_run_left(
    cache: CompileCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_cache, "_MOST_ENTRIES", 3)
    for number in range(5):
        cache.put(f"k{number}", number)
        os.utime(folder_of(cache) / f"k{number}.compiled", (number, number))
    cache.get("k2")  # used just now
    (folder_of(cache) / "tmpinterrupted").write_bytes(b"x")
    os.utime(folder_of(cache) / "tmpinterrupted", (1, 1))
    cache.put("k5", 5)

    assert {path.name for path in folder_of(cache).iterdir()} == {"k2.compiled", "k4.compiled", "k5.compiled"}


def test_a_place_where_nothing_can_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = CompileCache(tmp_path / "file" / "cache")
    cache.put("key", [1])

    assert cache.get("key") is None


def test_a_workspace_uses_what_was_compiled_and_gives_the_same_again(
    cache: CompileCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "_WORTH_KEEPING", 1)
    for path, data in tree(service("note", "files: [{path: /etc/note, content: x}]")).items():
        (tmp_path / "contract" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "contract" / path).write_bytes(data)
    with_cache = Workspace(tmp_path / "contract", now(), cache=cache)
    plain = Workspace(tmp_path / "contract", now()).compiled(day=DAY)
    first, second = (with_cache.compiled(day=DAY) for _ in range(2))

    assert plain.work == first.work == second.work
    assert plain.contract.digest == second.contract.digest
    assert len(list(folder_of(cache).iterdir())) == 2
    (tmp_path / "contract" / "policies" / "p0.yaml").write_text(
        service("note", "files: [{path: /etc/note, content: y}]")
    )
    edited = with_cache.compiled(day=DAY)
    assert edited.work != second.work
    assert edited.work == Workspace(tmp_path / "contract", now()).compiled(day=DAY).work


def test_hosts_that_share_their_work_share_it_in_what_was_kept(cache: CompileCache) -> None:
    shared = ("step",)
    cache.put("key", {"app1": shared, "app2": shared})
    found = cache.get("key")

    assert found["app1"] is found["app2"]
