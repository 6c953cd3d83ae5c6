"""An inventory that only a program could tell, written down as a plain one: the compiled project needs no program.

Comes in: a resolved inventory. Goes out: the files of an inventory folder.
"""

import json
from collections.abc import Mapping

from opspact.model.inventory.host import Inventory
from opspact.schema.inventory.statements import Unsafe, Vaulted


def plain_inventory(inventory: Inventory) -> dict[str, bytes]:
    """Given an inventory, return `inventory/…` → bytes: every host's merged variables, every group's hosts.

    Encrypted and unsafe values keep their marks, in the form that Ansible's JSON reader understands.
    """
    hosts = {name: _plain(host.variables) for name, host in inventory.hosts.items()}
    groups = {
        name: {"hosts": dict.fromkeys(members)}
        for name, members in inventory.groups.items()
        if name not in {"all", "ungrouped"}
    }
    whole = {"all": {"hosts": hosts, "children": groups}}
    return {"inventory/hosts.json": (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()}


def _plain(value: object) -> object:
    match value:
        case Vaulted(ciphertext):
            return {"__ansible_vault": ciphertext}
        case Unsafe():
            return {"__ansible_unsafe": str(value)}
        case Mapping():
            return {str(name): _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case _:
            return value
