"""Run folders are private, fresh, and gone afterwards."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from opspact.errors import Refused
from opspact.fleet import run_folder


def test_a_folder_is_private_and_gone_afterwards(base: Path) -> None:
    with run_folder.fresh(base) as folder:
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert folder.path.parent == base
    assert not folder.path.exists()


def test_a_folder_is_gone_after_an_error_too(base: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_folder.fresh(base) as folder:
        _ = 1 / 0
    assert not folder.path.exists()


def test_a_folder_of_a_dead_run_is_removed_and_that_of_a_living_one_stays(base: Path) -> None:
    (base / "run-dead").mkdir()
    (base / "run-dead" / "left").write_text("x")
    with run_folder.fresh(base) as living, run_folder.fresh(base) as other:
        assert sorted(base.glob("run-*")) == sorted([living.path, other.path])


def test_a_file_system_without_a_limit_has_room(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tmpfs with `size=0` says that it has nothing, and of that nothing free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=0, free=0))
    run_folder.check_capacity(base)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=9, free=0))
    with pytest.raises(Refused, match="no room"):
        run_folder.check_capacity(base)


def test_a_base_is_made_private(base: Path) -> None:
    with run_folder.fresh(base / "deeper"):
        assert (base / "deeper").stat().st_mode & 0o777 == 0o700


def test_a_base_that_others_may_look_into_is_refused(base: Path) -> None:
    base.chmod(0o755)
    with pytest.raises(Refused, match="mode 0700"), run_folder.fresh(base):
        pass


def test_a_base_that_is_a_link_is_refused(base: Path) -> None:
    (base / "real").mkdir(mode=0o700)
    (base / "link").symlink_to("real")
    with pytest.raises(Refused, match="mode 0700"), run_folder.fresh(base / "link"):
        pass


def test_a_base_that_belongs_to_somebody_else_is_refused(base: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (base / "theirs").mkdir(mode=0o700)
    os.chown(base / "theirs", 65534, 65534)
    with pytest.raises(Refused, match="owned by the current user"), run_folder.fresh(base / "theirs"):
        pass


def test_a_base_too_deep_for_control_sockets_is_refused_with_the_reason(base: Path) -> None:
    with pytest.raises(Refused, match="too long"), run_folder.fresh(base / ("x" * 60)):
        pass


def test_by_default_runs_go_below_the_users_runtime_folder(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    assert run_folder.default_base() == base / "opspact"


def test_without_a_runtime_folder_they_go_to_one_of_our_own_that_bears_our_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert run_folder.default_base().name == f"opspact-{os.geteuid()}"
