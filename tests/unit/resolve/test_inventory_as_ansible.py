"""Our reader and `ansible-inventory --list` see the same inventory, whatever its style."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from opspact.model.inventory.host import Inventory
from opspact.resolve.inventory import from_ansible_list, resolve_inventory
from opspact.resolve.template_names import TemplateScope
from opspact.schema.inventory.reader import read_inventory

pytestmark = pytest.mark.slow

STYLES = Path(__file__).parents[2] / "golden" / "inventories"


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def listed(folder: Path, elsewhere: Path) -> object:
    program = Path(sys.executable).with_name("ansible-inventory")
    environment = {"PATH": os.environ["PATH"], "HOME": str(elsewhere), "ANSIBLE_NOCOLOR": "true", "LC_ALL": "C.UTF-8"}
    environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"
    done = subprocess.run(
        [program, "-i", folder / "inventory", "--list"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PROVIDED = """
import json, sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

def provided(folder):
    inventory = InventoryManager(loader=DataLoader(), sources=[folder + "/inventory"])
    return {"groups": inventory.get_groups_dict(), "hosts": {h.name: h.get_magic_vars() for h in inventory.get_hosts()}}

print(json.dumps([provided(folder) for folder in sys.argv[1:]]))
"""
"""What Ansible itself gives to templates: `groups`, and each host's own names.

It walks through groups of groups as a set: in which order the hosts of their groups come differs from run to run.
"""


def as_json(value: object) -> object:
    """A value as it comes back from JSON; dates are written as Ansible writes them."""
    match value:
        case Mapping():
            return {
                name if isinstance(name, str) else json.dumps(name): as_json(member) for name, member in value.items()
            }
        case list():
            return [as_json(member) for member in value]
        case dt.date():
            return value.isoformat()
    return value


def comparable(inventory: Inventory) -> tuple[object, object]:
    """An inventory without what `--list` does not say: the order in which the hosts of nested groups come."""
    groups = {name: sorted(hosts) for name, hosts in inventory.groups.items()}
    return {name: as_json(host.variables) for name, host in inventory.hosts.items()}, groups


@pytest.mark.parametrize("style", sorted(path.name for path in STYLES.iterdir()))
def test_every_style_means_what_ansible_inventory_says(style: str, tmp_path: Path) -> None:
    expected = from_ansible_list(listed(STYLES / style, tmp_path))

    actual = resolve_inventory(read_inventory(tree_of(STYLES / style)))

    assert comparable(expected) == comparable(actual)


def test_templates_get_the_names_and_groups_that_ansible_gives_them(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    names = ["10.0.0.7", "app1.lan.example", "2001:db8::1", "10.0.0.256", "no-dot", "1.2.3", "::ffff:10.0.0.1"]
    (tmp_path / "inventory" / "hosts.json").write_text(json.dumps({"all": {"hosts": dict.fromkeys(names)}}))
    folders = [tmp_path, *sorted(STYLES.iterdir())]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", PROVIDED, *folders], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    for folder, given in zip(folders, json.loads(done.stdout), strict=True):
        inventory = resolve_inventory(read_inventory(tree_of(folder)))
        scope = TemplateScope({}, inventory, {})
        ours = {name: scope.as_in_ansible(host) for name, host in inventory.hosts.items()}
        groups = {name: sorted(hosts) for name, hosts in given["groups"].items()}
        assert {name: sorted(hosts) for name, hosts in inventory.group_lists.items()} == groups
        assert all(of_host.pop("groups") is inventory.group_lists for of_host in ours.values())
        assert given["hosts"] == ours


def test_at_least_eight_styles_are_compared() -> None:
    assert len(list(STYLES.iterdir())) >= 8
