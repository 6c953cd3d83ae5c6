"""Inventories made at random mean to opspact what they mean to Ansible's own manager: variables and members alike.

Ansible may read what opspact refuses (an inventory without hosts); never the other way round.
"""

import json
import random
from pathlib import Path

import pytest
import yaml
from ansible import constants  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.vars.manager import VariableManager  # type: ignore[import-untyped]  # ansible-core ships no types

from opspact.errors import Refused
from opspact.resolve.inventory import resolve_inventory
from opspact.schema.inventory.reader import read_inventory

pytestmark = pytest.mark.slow

GROUPS = ["g1", "g2", "g3", "g4", "g5"]
NAMED = [*GROUPS, "all", "ungrouped"]
HOSTS = ["h1", "h2", "h[1:4]", "k[a:c]:22", "x.y", "h3:2200", "u.v.w", "[fe80::1]:22"]
VARIABLES = ["a", "b", "c"]
VALUES = [1, "x", True, None, [1], {"k": 1}, "1", "yes", 1.5]
LITERALS = [
    *[
        "1",
        "x",
        "'x'",
        "True",
        "None",
        "[1,2]",
        "{'a':1}",
        "a b",
        "1.50",
        "0x1F",
        "007",
        "'a'=b",
        '"q"',
        "b'x'",
        "..",
        "...",
    ],
    *["1j", "(1,2)", "-5", "+5", "1_000", "a,b", "1e3", "''", "#c", "a #b", "~", "$x", "10.0.0.1", "a@b", "1-2"],
]
INLINE = ["1", "x", "'a b'", "True", "[1]", "\"'5'\"", "a=b", "a#b", "007"]
FILES = ["group_vars/all", "group_vars/g1.yml", "group_vars/g2/x.yaml", "host_vars/h1.yaml", "host_vars/x.y"]

Meaning = tuple[dict[str, object], dict[str, list[str]]]


def below(group: str) -> list[str]:
    """Groups that may be children without closing a circle."""
    return [] if group == "ungrouped" else [name for name in GROUPS if group == "all" or name > group]


def yaml_group(dice: random.Random, group: str, depth: int) -> dict[str, object] | None:
    content: dict[str, object] = {}
    for section in dice.sample(["hosts", "vars", "children"], dice.randint(0, 3)):
        if section == "hosts":
            own = [None, {}, {dice.choice(VARIABLES): dice.choice(VALUES)}]
            content[section] = {dice.choice(HOSTS): dice.choice(own) for _ in range(dice.randint(0, 3))}
        elif section == "vars":
            content[section] = {dice.choice(VARIABLES): dice.choice(VALUES) for _ in range(dice.randint(0, 3))}
            if dice.random() < 0.3:
                content[section] |= {"ansible_group_priority": dice.choice([0, 5, "7", -1])}  # type: ignore[operator]  # a dict, see above
        elif children := below(group):
            names = [dice.choice(children) for _ in range(dice.randint(0, 2))]
            content[section] = {name: yaml_group(dice, name, depth - 1) if depth else None for name in names}
    return content or None


def ini_file(dice: random.Random) -> str:
    given: set[tuple[str, str]] = set()  # one that is given twice is refused here alone
    lines = [dice.choice(HOSTS)] if dice.random() < 0.3 else []
    lines += [f"[{group}]" for group in GROUPS if dice.random() < 0.9]
    for _ in range(dice.randint(1, 5)):
        group, kind = dice.choice(NAMED), dice.choice(["", "vars", "children"])
        lines.append(f"[{group}:{kind}]  # section" if kind else f"[{group}]")
        for _ in range(dice.randint(0, 3)):
            if kind == "vars":
                if free := [name for name in VARIABLES if (group, name) not in given]:
                    given.add((group, name := dice.choice(free)))
                    lines.append(f"{name} = {dice.choice(LITERALS)}")
            elif kind == "children":
                lines += dice.sample(below(group), min(1, len(below(group))))
            else:
                own = [f"{name}={dice.choice(INLINE)}" for name in dice.sample(VARIABLES, dice.randint(0, 2))]
                lines.append(" ".join([dice.choice(HOSTS), *own]))
    return "\n".join(lines) + "\n"


def random_files(dice: random.Random) -> dict[str, str]:
    files: dict[str, str] = {}
    for number in range(dice.randint(1, 3)):
        if dice.random() < 0.5:
            groups = {name: yaml_group(dice, name, 2) for name in dice.choices(NAMED, k=dice.randint(1, 3))}
            files[f"{number}{dice.choice(['', '.yaml'])}"] = yaml.safe_dump(groups, sort_keys=False)
        else:
            files[f"{number}{dice.choice(['', '.ini'])}"] = ini_file(dice)
    for name in dice.sample(FILES, dice.randint(0, 3)):
        files[name] = json.dumps({dice.choice(VARIABLES): dice.choice(VALUES) for _ in range(2)})
    return files


def by_ansible(folder: Path) -> Meaning | None:
    try:
        loader = DataLoader()
        loader.set_basedir(str(folder.parent))
        manager = InventoryManager(loader=loader, sources=[str(folder)])
    except Exception:  # noqa: BLE001 - Ansible raises what it likes; here only that it failed counts
        return None
    variables = VariableManager(loader=loader, inventory=manager)
    hosts: dict[str, object] = {
        host.name: {
            name: value
            for name, value in variables.get_vars(host=host, include_hostvars=False, stage="all").items()
            if name not in constants.INTERNAL_STATIC_VARS
        }
        for host in manager.get_hosts("all")
    }
    return hosts, {name: sorted(host.name for host in group.get_hosts()) for name, group in manager.groups.items()}


def by_opspact(files: dict[str, str]) -> Meaning | None:
    try:
        inventory = resolve_inventory(
            read_inventory({f"inventory/{name}": text.encode() for name, text in files.items()})
        )
    except Refused:
        return None
    hosts: dict[str, object] = {name: dict(host.variables) for name, host in inventory.hosts.items()}
    return hosts, {name: sorted(members) for name, members in inventory.groups.items()}


def test_inventories_made_at_random_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(constants.__dict__, "INVENTORY_ANY_UNPARSED_IS_FAILED", True)
    compared = 0
    for seed in range(250):
        files = random_files(random.Random(seed))
        folder = tmp_path / str(seed) / "inventory"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        expected, actual = by_ansible(folder), by_opspact(files)
        if actual is not None:
            assert expected == actual, (seed, files)
            compared += 1

    assert compared >= 150
