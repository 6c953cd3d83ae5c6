"""Hosts that lack what a run needs, and machines under several names: each is called what it is, in one line."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from contracts import Contract, small
from labkit import Lab
from patient import noted

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: lacking
hosts: app1:app2:db1:backup1
owner: crew
files:
  - {path: /etc/lacking-note, source: files/note}
  - {path: /srv/lacking-note, source: files/note}
"""
PYTHON = "/usr/bin/python3"
TTY = "/etc/sudoers.d/zz-tty"
TEMPORARY = ("/root", "/tmp", "/var/tmp")


@contextmanager
def lacking(lab: Lab) -> Iterator[None]:
    """Take from each host something else: Python, sudo without a terminal, a place to write, room for a moment."""
    try:
        lab.root("app1", f"mv {PYTHON} {PYTHON}.away")
        lab.root("app2", f"echo 'Defaults:ops requiretty' >{TTY}")
        lab.root("db1", "mount --bind /srv /srv && mount -o remount,bind,ro /srv")
        for folder in TEMPORARY:
            lab.fill("backup1", folder)
        yield
    finally:
        lab.root("app1", f"mv {PYTHON}.away {PYTHON}")
        lab.root("app2", f"rm -f {TTY}")
        lab.root("db1", "umount /srv")
        lab.unfill("backup1")


def test_what_a_host_lacks_is_named_and_what_was_done_is_counted(healthy_lab: Lab) -> None:
    with small(healthy_lab, "lacking", POLICIES) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        with lacking(healthy_lab):
            reported = contract.run("apply", "--yes", "--format", "json")
            shown = contract.run("apply", "--yes")

        assert (reported.code, shown.code) == (3, 3)
        hosts = {host["name"]: host for host in reported.json["hosts"]}
        assert {name: (host["converged"], host["reach"]) for name, host in hosts.items()} == {
            "app1": (False, "reached"),
            "app2": (False, "no privilege"),
            "db1": (False, "reached"),
            "backup1": (False, "reached"),
        }
        why = {name: host["why"] for name, host in hosts.items()}
        assert f"Python is not installed there: {PYTHON} does not exist" in why["app1"]
        assert ("requiretty" in why["app2"], "password" in why["app2"]) == (True, False)
        assert "/srv not writable" in why["db1"]
        assert "No space left on device" in why["backup1"]
        assert not [words for words in why.values() if "\n" in words.strip() or "Traceback" in words]
        assert not re.search("Traceback|unreachable", reported.err + shown.out + shown.err)
        assert hosts["db1"]["planned"] == {"add": ["file /etc/lacking-note", "file /srv/lacking-note"]}
        assert hosts["db1"]["done"] == {"add": ["file /etc/lacking-note"]}
        assert hosts["app1"]["done"] == hosts["app2"]["done"] == {}
        contract.good("apply", "--yes")
    for host in ("app1", "app2", "db1", "backup1"):
        healthy_lab.root(host, "rm /etc/lacking-note /srv/lacking-note")


RELEASE = "/etc/os-release"
ROCKY = 'ID="rocky"\\nID_LIKE="rhel centos fedora"\\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"'


def test_an_operating_system_that_is_not_managed_is_refused_before_anything_is_done(healthy_lab: Lab) -> None:
    with small(healthy_lab, "lacking", POLICIES) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        assert healthy_lab.root("app1", f"mv {RELEASE} {RELEASE}.away && printf '{ROCKY}\n' >{RELEASE}").rc == 0
        try:
            applied = contract.run("apply", "--yes", "--limit", "app1:app2", "--format", "json")
            verified = contract.run("verify", "--limit", "app1:app2")
        finally:
            healthy_lab.root("app1", f"mv {RELEASE}.away {RELEASE}")
        words = "operating system not supported: Rocky Linux 9.4 (Blue Onyx)"
        why = {host["name"]: (host["reach"], host["why"]) for host in applied.json["hosts"]}
        assert (applied.code, why["app1"][0], why["app2"]) == (3, "unknown system", ("reached", ""))
        assert words in why["app1"][1]
        assert (verified.code, words in " ".join(verified.out.split())) == (1, True)
        assert healthy_lab.root("app1", "ls /etc/lacking-note /var/lib/opspact/manifests/lacking.json").rc != 0
        assert healthy_lab.root("app2", "rm /etc/lacking-note /srv/lacking-note").rc == 0


INDEPENDENT = """\
kind: service
name: broken
hosts: app1
owner: crew
directories: [{path: /proc/nothing-new}]
files:
  - {path: /proc/nothing-new/a.conf, source: files/note}
  - {path: /etc/lacking-note, source: files/note}
---
kind: service
name: whole
hosts: app1
owner: crew
packages: [tree]
directories: [{path: /srv/lacking}]
files:
  - {path: /srv/lacking/note, source: files/note}
  - {path: /srv/not-there/note, source: files/note}
  - {path: /srv/lacking-note, source: files/note}
"""


def test_one_missing_folder_leaves_nothing_else_undone(healthy_lab: Lab) -> None:
    with small(healthy_lab, "lacking", INDEPENDENT) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        said = contract.run("apply", "--yes", "--format", "json")
        host = said.of_host("app1")
        assert (said.code, host["converged"]) == (3, False)
        assert set(host["planned"]["add"]) - set(host["done"]["add"]) == {
            "directory /proc/nothing-new",
            "file /proc/nothing-new/a.conf",
            "file /srv/not-there/note",
        }
        assert "/proc/nothing-new: " in host["why"]
        assert "/srv/not-there" in host["why"]
        assert "a.conf" not in host["why"]
        contract.change("policies/all.yaml", INDEPENDENT, POLICIES.replace("app1:app2:db1:backup1", "app1"))
        contract.commit()
        contract.good("apply", "--yes")
    healthy_lab.root("app1", "rm /etc/lacking-note /srv/lacking-note")


def read_only(contract: Contract, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run opspact where the ledger's folder is on a file system that is read-only, for this process alone."""
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    program = ("opspact", "--contract", str(contract.folder), *arguments)
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, str(contract.folder / ".opspact"), *program],
        env=contract.variables,
        cwd=contract.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_ledger_that_cannot_be_written_does_not_keep_anybody_from_looking(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "frozen", hosts="app1") as contract:
        contract.good("apply", "--yes")
        contract.write("files/note", "other\n")
        contract.commit()

        checked, planned, applied = (
            read_only(contract, *command) for command in (("check",), ("plan", "--live"), ("apply", "--yes"))
        )

        usual = contract.run("check")
        assert (checked.returncode, checked.stdout, checked.stderr) == (usual.code, usual.out, usual.err)
        assert (planned.returncode, "file /srv/frozen-note" in planned.stdout) == (0, True)
        assert (applied.returncode, "is writable" in applied.stderr) == (3, True)
        assert healthy_lab.root("app1", "cat /srv/frozen-note").out == "noted\n"
