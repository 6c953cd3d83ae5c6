"""The folders of `tests/unit` are those of `src/opspact`: who changes a module knows where its tests are."""

from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
UNIT, SOURCES = TOP / "tests" / "unit", TOP / "src" / "opspact"
ELSEWHERE = {"bench": TOP / "ci" / "benchkit"}
"""What is tested there and lies outside of `src`."""
FOLDERS = sorted({path.parent for path in UNIT.rglob("test_*.py")} - {UNIT})


def test_outside_of_folders_are_tests_of_single_modules() -> None:
    assert len(FOLDERS) > 20
    assert [
        path.name for path in UNIT.glob("test_*.py") if not (SOURCES / path.name.removeprefix("test_")).exists()
    ] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(UNIT).as_posix())
def test_a_folder_of_tests_is_one_of_modules(folder: Path) -> None:
    name = folder.relative_to(UNIT).as_posix()
    assert ELSEWHERE.get(name, SOURCES / name).is_dir()
