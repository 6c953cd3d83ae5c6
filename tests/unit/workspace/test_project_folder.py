"""A project on disk: whole, or as it was before."""

from pathlib import Path

import pytest

from opspact.compile.project import Project
from opspact.errors import OperationFailed
from opspact.workspace.project_folder import write_whole


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_an_earlier_project_makes_way_for_a_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_whole(Project({"site.yml": b"1", "old": b""}), folder)
    write_whole(Project({"site.yml": b"2"}), folder)

    assert files_of(folder) == {"site.yml": b"2"}
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_earlier_project_is_put_back_when_the_new_one_does_not_get_there(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    write_whole(Project({"site.yml": b"1"}), folder)
    rename = Path.rename

    def fail_on_new(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_on_new)
    with pytest.raises(OperationFailed if isinstance(error, OSError) else KeyboardInterrupt):
        write_whole(Project({"site.yml": b"2"}), folder)

    assert files_of(folder) == {"site.yml": b"1"}
    assert list(tmp_path.iterdir()) == [folder]
