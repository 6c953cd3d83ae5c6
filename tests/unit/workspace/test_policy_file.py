"""A policy file is replaced as a whole, by the same owner's, or not at all."""

from pathlib import Path

import pytest

from opspact.errors import OperationFailed, Refused
from opspact.workspace.policy_file import open_policy, replace_policy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "time.yaml"
    path.write_bytes(b"before")
    path.chmod(0o640)
    return path


def test_it_is_replaced_and_keeps_its_mode(path: Path) -> None:
    replace_policy(open_policy(path, "policies/time.yaml"), b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["time.yaml"]


def test_links_files_that_nobody_may_write_and_missing_ones_are_refused(path: Path) -> None:
    link = path.with_name("link.yaml")
    link.symlink_to(path)
    with pytest.raises(Refused, match="symbolic link"):
        replace_policy(open_policy(link, "link.yaml"), b"after")
    path.chmod(0o440)
    with pytest.raises(Refused, match="read-only"):
        replace_policy(open_policy(path, "time.yaml"), b"after")
    assert (path.read_bytes(), link.is_symlink()) == (b"before", True)
    with pytest.raises(Refused, match="No such file"):
        open_policy(path.with_name("none.yaml"), "none.yaml")


def test_what_somebody_else_wrote_meanwhile_stays(path: Path) -> None:
    opened = open_policy(path, "time.yaml")
    path.write_bytes(b"theirs")
    with pytest.raises(Refused, match="meanwhile"):
        replace_policy(opened, b"ours")
    assert path.read_bytes() == b"theirs"
    assert [each.name for each in path.parent.iterdir()] == ["time.yaml"]


def test_a_file_that_is_gone_is_a_failure(path: Path) -> None:
    opened = open_policy(path, "time.yaml")
    path.unlink()
    with pytest.raises(OperationFailed, match="No such file"):
        replace_policy(opened, b"after")
    assert list(path.parent.iterdir()) == []
