"""Edges of the rule about variable files that nobody reads."""

from datetime import date

import pytest
from building import INVENTORY, tree

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding
from opspact.resolve.contract import resolve

DAILY = "kind: inspection\nname: daily\nhosts: all\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"


def found(*files: str) -> tuple[Finding, ...]:
    """Return what is found in a contract with variable files of these paths below the inventory."""
    written = tree(DAILY, inventory=INVENTORY) | {f"inventory/{file}": b"who: me\n" for file in files}
    return analyse(RuleContext(resolve(written), date(2026, 3, 2)), [RULES["OP212"]])


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("group_vars/wep.yml", '"web"'),
        ("group_vars/wep/main.yml", '"web"'),
        ("group_vars/app1.yml", "inventory/host_vars/"),
        ("host_vars/web.yaml", "inventory/group_vars/"),
        ("host_vars/app11.json", '"app1"'),
        ("group_vars/zzz", ""),
        ("group_vars/web.yaml.bak", "git keeps the history"),
        ("group_vars/web.YAML", ".yaml"),
        ("group_vars/web/vars.txt", "no extension"),
        ("group_vars/web/vars.yaml.bak", "git keeps the history"),
        ("group_vars/web/sub/vars.YML", ".yml"),
        ("group_vars/all/vars.yml.j2", ".yml"),
        ("group_vars/web/v1.2/main.yml", "a dot"),
        ("host_vars/app1/vars.ini", "no extension"),
    ],
)
def test_a_file_for_a_name_that_nobody_has(file: str, hint: str) -> None:
    (finding,) = found(file)
    assert finding.place.file == f"inventory/{file}"
    assert hint in finding.help


@pytest.mark.parametrize(
    ("files", "unread"),
    [
        (("group_vars/all.yml", "group_vars/all/main.yml"), "group_vars/all.yml"),
        (("group_vars/all.yml", "group_vars/all.yaml"), "group_vars/all.yaml"),
        (("host_vars/app1.json", "host_vars/app1"), "host_vars/app1.json"),
    ],
)
def test_of_two_files_for_one_name_the_second_is_not_read(files: tuple[str, ...], unread: str) -> None:
    (finding,) = found(*files)
    assert finding.place.file == f"inventory/{unread}"


@pytest.mark.parametrize(
    "file",
    [
        *("group_vars/all.yml", "group_vars/ungrouped", "group_vars/web/a.yml", "group_vars/web/b.yml"),
        *(
            "host_vars/app1.yaml",
            "group_vars/README.md",
            "group_vars/.wep.yml",
            "group_vars/wep.yml~",
            "host_vars/notes.txt",
            "group_vars/web/README.txt",
            "group_vars/web/notes.md",
            "group_vars/web/.hidden/a.txt",
            "group_vars/web/vars.yaml~",
            "group_vars/web/.vars.yaml.swp",
            "group_vars/web/sub/a.yml",
        ),
    ],
)
def test_what_is_read_or_written_for_people_is_fine(file: str) -> None:
    assert found(file) == ()


def test_a_folder_is_one_finding() -> None:
    assert len(found("group_vars/wep/a.yml", "group_vars/wep/b.yml")) == 1


def beside(files: dict[str, bytes]) -> tuple[Finding, ...]:
    return analyse(RuleContext(resolve(tree(DAILY, inventory=INVENTORY) | files), date(2026, 3, 2)), [RULES["OP212"]])


@pytest.mark.parametrize("folder", ["group_vars", "inventory/production/group_vars"])
def test_a_folder_of_variables_that_nobody_looks_into_is_one_finding(folder: str) -> None:
    (finding,) = beside({f"{folder}/web.yml": b"who: me\n", f"{folder}/db.yml": b"who: me\n"})
    assert finding.place.file == f"{folder}/web.yml"
    assert "inventory/group_vars/" in finding.help


def test_a_link_to_the_variables_that_are_read_is_fine() -> None:
    assert beside(dict.fromkeys(("group_vars/web.yml", "inventory/group_vars/web.yml"), b"who: me\n")) == ()


def test_a_file_beside_variables_that_holds_none_is_fine() -> None:
    files = {"notes.txt": b"Ask Li: she knows.\nSince 2020.\n", "ca.pem": b"-----BEGIN CERTIFICATE-----\nMII=\n"}
    assert beside({f"inventory/group_vars/web/{name}": content for name, content in files.items()}) == ()
