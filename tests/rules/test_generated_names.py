"""Names that opspact generates (units, paths, accounts, files) are composed in `model/names.py` and nowhere else."""

import ast

from sources import MODULES, SOURCES, broken, parsed, strings

NAMES = SOURCES / "model" / "names.py"
ON_HOSTS = SOURCES / "onhost"
"""Programs for hosts know no module of ours; the names that they need come with their settings."""
COMPOSED = (
    *("opspact-", ".opspact", "opspact/"),
    *(f"{folder}/opspact" for folder in ("/etc", "/run", "/srv", "/usr/local/lib", "/var/cache", "/var/lib")),
)
OTHERS = {"cli/main.py": ["opspact/"], "report/oncall_calendar.py": ["-//opspact//oncall//EN"]}
"""Texts that look alike: the folder of our own modules in a traceback, the identifier of an iCalendar product."""


def composed(tree: ast.Module) -> list[str]:
    """Return the texts of a module that compose a generated name."""
    return [text for text in strings(tree) if any(part in text for part in COMPOSED)]


def test_no_other_module_composes_a_generated_name() -> None:
    others = [path for path in MODULES if path != NAMES and ON_HOSTS not in path.parents]
    found = broken(lambda path: composed(parsed(path)), others)
    assert found == {f"src/opspact/{path}": texts for path, texts in OTHERS.items()}


def test_a_generated_name_is_noticed() -> None:
    source = '''"""Makes /var/lib/opspact/x."""
w = f"/var/lib/opspact/{1}"
x = "opspact-" + w
y = "StateDirectory=opspact/borg"
z = "opspact is fine"
'''
    assert sorted(composed(ast.parse(source))) == ["/var/lib/opspact/", "StateDirectory=opspact/borg", "opspact-"]


def test_names_are_composed_at_all() -> None:
    assert len(composed(parsed(NAMES))) > 5
