"""The commands by name: where each is written, what it does in a line, and whether it changes anything.

Comes in: nothing. Goes out: the table. A command's module is imported only when it is asked for, so that `--help` and
`check` start quickly.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.structs import Struct


class Entry(Struct):
    """One command. `module` lies in `opspact.cli`; `acts`: it may have done something before it fails.

    `help` has no module: it is another way to write the option of that name. A name of two words is that of a
    command of its own: `plan` takes hosts, and `plan --limit approve` is about a host of that name.
    """

    module: str
    summary: str
    acts: bool = False
    is_group: bool = False


COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "status": Entry("status", "Show what is failed, late or unknown, and what is due in the next 24 hours."),
        "init": Entry("init", "Create a small, commented contract that checks clean.", acts=True),
        "check": Entry("check", "Check the policies; uses no network."),
        "explain": Entry("explain", "Explain a code: what it means, why it matters, how to fix it."),
        "schema": Entry("schema", "Print or write JSON Schemas of policy files, for editors.", acts=True),
        "compile": Entry("compile", "Write the Ansible project to a directory, reproducibly.", acts=True),
        "plan": Entry("plan", "Show what would change since the last apply, or on live hosts (--live)."),
        "plan approve": Entry("plan_approve", "Sign a plan file, so that apply accepts it.", acts=True),
        "plan approvals": Entry("plan_approvals", "Show who approved a plan, and what is missing.", acts=True),
        "comment": Entry("comment", "Show a plan as the one comment of a pull request.", acts=True),
        "apply": Entry("apply", "Change what differs on the hosts, then verify.", acts=True),
        "freeze": Entry("freeze", "Stop every change of the contract until a time; show or end that.", acts=True),
        "verify": Entry("verify", "Check the hosts against the policies."),
        "drift": Entry("drift", "Show what differs on hosts that no policy change explains; fix it.", acts=True),
        "adopt": Entry("adopt", "Write policies for what hosts have already.", acts=True),
        "inspect": Entry("inspect", "Run inspections, collect and show their results.", acts=True, is_group=True),
        "logs": Entry("logs", "Show reports of log reviews; record that they were read.", acts=True, is_group=True),
        "qc": Entry("qc", "Show control charts of recorded results.", is_group=True),
        "backup": Entry("backup", "Show, run and test backups, and restore from them.", acts=True, is_group=True),
        "rebuild": Entry("rebuild", "Rebuild a host that lost everything, from policies and backups.", acts=True),
        "runbook": Entry("runbook", "Show, find, run and resume runbooks; approve steps.", acts=True, is_group=True),
        "library": Entry("library", "Check the installers in the software library.", acts=True, is_group=True),
        "access": Entry("access", "Grant, revoke and show emergency access.", acts=True, is_group=True),
        "record": Entry("record", "Record what a person did of what a policy owes.", acts=True),
        "calendar": Entry("calendar", "Compute deadlines and open time; import holidays.", acts=True, is_group=True),
        "oncall": Entry("oncall", "Show who is on duty, gaps, balance; export a calendar file.", is_group=True),
        "sla": Entry("sla", "Compute the deadline of every milestone of a fault level.", is_group=True),
        "trace": Entry("trace", "Trace clauses to policies, steps and evidence, and back."),
        "ledger": Entry(
            "ledger", "Verify, sign, attest, show, export or import the ledger; retire hosts.", is_group=True
        ),
        "completion": Entry("completion", "Print the completion script for bash, zsh or fish."),
        "help": Entry("", "Show the help of opspact or of a command."),
    }
)
