"""The commands by name: where each is written, what it does in a line, and whether it changes anything.

Comes in: nothing. Goes out: the table. Read by cli.application and cli.main. A command's module is imported only when
it is asked for, so that `--help` and `check` start quickly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Entry:
    """One command. `module` lies in `opspact.cli`; `acts`: it may have done something before it fails."""

    module: str
    summary: str
    acts: bool = False
    is_group: bool = False


COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "check": Entry("check", "Read, resolve and analyse the policies; no network."),
        "schema": Entry("schema", "Print the JSON Schema of policy files, for editors."),
        "compile": Entry("compile", "Write the Ansible project into a folder; same input, same bytes.", acts=True),
        "plan": Entry("plan", "Show what would change since hosts were last kept, or on hosts as they are (--live)."),
        "apply": Entry("apply", "Look, change what differs, look again.", acts=True),
        "verify": Entry("verify", "Look at the hosts and compare them with the policies."),
        "inspect": Entry("inspect", "Run inspections now, collect and show their results.", acts=True, is_group=True),
        "backup": Entry("backup", "Show the evidence of backups, run one now.", acts=True, is_group=True),
        "ledger": Entry("ledger", "The record of what happened: verify, show, retire, export, import.", is_group=True),
    }
)
