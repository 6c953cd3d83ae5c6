"""Names that opspact generates (units, paths, accounts, files) are composed in `model/names.py` and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "opspact"
NAMES = SOURCES / "model" / "names.py"
ON_HOSTS = SOURCES / "onhost"
"""Programs for hosts know no module of ours; the names that they need come with their settings."""
COMPOSED = (
    *("opspact-", ".opspact", "opspact/"),
    *(f"{folder}/opspact" for folder in ("/etc", "/run", "/srv", "/usr/local/lib", "/var/cache", "/var/lib")),
)
OTHERS = {"cli/main.py": ["opspact/"], "report/oncall_calendar.py": ["-//opspact//oncall//EN"]}
"""Texts that look alike: the folder of our own modules in a traceback, the identifier of an iCalendar product."""
MODULES = [path for path in sorted(SOURCES.rglob("*.py")) if path != NAMES and ON_HOSTS not in path.parents]


def strings(source: str) -> Iterator[str]:
    """Yield the texts of a module, those of its docstrings left out."""
    tree = ast.parse(source)
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]  # type: ignore[attr-defined]
    docstrings = {id(each.value) for body in bodies for each in body if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def composed(source: str) -> list[str]:
    """Return the texts of a module that compose a generated name."""
    return [text for text in strings(source) if any(part in text for part in COMPOSED)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_no_other_module_composes_a_generated_name(path: Path) -> None:
    others = OTHERS.get(path.relative_to(SOURCES).as_posix(), [])
    assert composed(path.read_text(encoding="utf-8")) == others


def test_a_generated_name_is_noticed() -> None:
    source = '''"""Makes /var/lib/opspact/x."""
w = f"/var/lib/opspact/{1}"
x = "opspact-" + w
y = "StateDirectory=opspact/borg"
z = "opspact is fine"
'''
    assert sorted(composed(source)) == ["/var/lib/opspact/", "StateDirectory=opspact/borg", "opspact-"]


def test_names_are_composed_at_all() -> None:
    assert len(composed(NAMES.read_text(encoding="utf-8"))) > 5
