"""Small contracts for bad days: one that asks for a file, one whose apply stays in the middle of its Ansible run.

Comes in: a lab, a name. Goes out: a contract, and ways to see and to end its waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from contracts import Contract, small
from labkit import Lab

PATIENT = """\
kind: service
name: patient
hosts: {hosts}
owner: crew
directories: [{{path: /srv/{name}}}]
files:
  - {{path: /srv/{name}/before, source: files/note}}
  - {{path: /etc/systemd/system/{name}.service, source: files/unit, restarts: {name}.service}}
units: [{name}.service]
"""
"""A service that takes its time to start: Ansible is in the middle of its run then."""

UNIT = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-/bin/sleep {seconds}
[Install]
WantedBy=multi-user.target
"""

NOTE = """\
kind: service
name: note
hosts: {hosts}
owner: crew
files: [{{path: /srv/{name}-note, source: files/note}}]
"""


@contextmanager
def patient(lab: Lab, name: str, *, hosts: str = "app1:app2", seconds: int = 600) -> Iterator[Contract]:
    """Yield a contract whose apply stays in the middle of its Ansible run for so long.

    Its service goes with it: a host that has it does not finish starting, whichever test starts it.
    """
    policies = PATIENT.format(name=name, hosts=hosts)
    with small(lab, name, policies) as contract:
        contract.write("files/note", "noted\n")
        contract.write("files/unit", UNIT.format(seconds=seconds))
        contract.commit()
        try:
            yield contract
        finally:
            for host in hosts.split(":"):
                lab.root(host, f"systemctl disable --now {name}.service; rm -f /etc/systemd/system/{name}.service")


@contextmanager
def noted(lab: Lab, name: str, *, hosts: str = "app1:app2") -> Iterator[Contract]:
    """Yield a contract that asks for one file on each host."""
    with small(lab, name, NOTE.format(name=name, hosts=hosts)) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        yield contract


def is_starting(lab: Lab, host: str, name: str) -> bool:
    """Whether the patient service is being started now."""
    return "activating" in lab.root(host, f"systemctl is-active {name}.service").out


def let_start(lab: Lab, name: str, *hosts: str) -> None:
    """End what the patient service waits for on those hosts, so that it has started well."""
    for host in hosts:
        assert lab.root(host, f"systemctl kill {name}.service").rc == 0


def make_quick(contract: Contract, lab: Lab, *hosts: str) -> None:
    """Let the patient service start at once from now on, and end what still waits for it."""
    contract.write("files/unit", UNIT.format(seconds=0))
    contract.commit()
    for host in hosts:
        lab.root(host, f"systemctl stop {contract.name}.service; systemctl reset-failed")
