"""Lab hosts as the inventory would give them, for the tests of sessions and of verify."""

from labkit import Lab

from opspact.fleet.connection import Settings
from opspact.model.inventory.host import Host

HASTY = Settings(connect_timeout=3, keepalive=1, keepalives_missed=2, login_timeout=15.0)
"""Faults show within seconds."""


def reached(lab: Lab, name: str, *, user: str = "ops", arguments: str = "", **variables: object) -> Host:
    """One lab host; `arguments` stand before the lab's own, so ssh takes them first."""
    strict = f"-o UserKnownHostsFile={lab.known_hosts} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
    common: dict[str, object] = {
        "ansible_host": lab.address(name),
        "ansible_user": user,
        "ansible_ssh_private_key_file": str(lab.key),
        "ansible_ssh_common_args": f"{arguments} {strict} -o IdentitiesOnly=yes",
    }
    return Host(name, common | variables)
