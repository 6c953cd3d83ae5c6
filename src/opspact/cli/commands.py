"""The commands by name: where each is written, what it does in a line, and whether it changes anything.

Comes in: nothing. Goes out: the table. A command's module is imported only when it is asked for, so that `--help` and
`check` start quickly.
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
        "status": Entry("status", "Show what is failed, late or unknown, and what is due in the next 24 hours."),
        "init": Entry("init", "Write a small contract to begin with, commented, that checks clean.", acts=True),
        "check": Entry("check", "Read, resolve and analyse the policies; no network."),
        "explain": Entry("explain", "What a finding's code means, why it matters, how to mend it."),
        "schema": Entry("schema", "Print or write the JSON Schema of policy files, for editors.", acts=True),
        "compile": Entry("compile", "Write the Ansible project into a folder; same input, same bytes.", acts=True),
        "plan": Entry("plan", "Show what would change since hosts were last kept, or on hosts as they are (--live)."),
        "apply": Entry("apply", "Look, change what differs, look again.", acts=True),
        "verify": Entry("verify", "Look at the hosts and compare them with the policies."),
        "inspect": Entry("inspect", "Run inspections now, collect and show their results.", acts=True, is_group=True),
        "backup": Entry("backup", "Show the evidence of backups, run one now.", acts=True, is_group=True),
        "calendar": Entry("calendar", "Deadlines and open time on a calendar.", is_group=True),
        "oncall": Entry("oncall", "Duty: who, where nobody, how it is shared, as a calendar file.", is_group=True),
        "sla": Entry("sla", "Every milestone's deadline for a fault of a level.", is_group=True),
        "trace": Entry("trace", "Show what keeps each clause, what that asks of hosts, and the last evidence."),
        "ledger": Entry("ledger", "The record of what happened: verify, show, retire, export, import.", is_group=True),
    }
)
