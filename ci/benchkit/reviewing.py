"""Reviewing a journal of a million entries, and what journalctl takes for reading the same into nothing.

In: a folder. Out: a lab of one host whose journald took the entries, with the policy applied, and measured runs.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import Lab, reference_hosts

from benchkit.bed import LAB
from benchkit.contract import CONTRACT, apply
from benchkit.timing import BenchError, Run

ENTRIES = 1_000_000
"""Of which every twentieth is a failed login, a login or a command."""

FAILED, LOGINS, COMMANDS = ENTRIES // 50, ENTRIES // 50, ENTRIES // 100
HOST = "app1"
POLICIES = f"""\
{CONTRACT}kind: log_review
name: review
hosts: app1
schedule: monthly on day 5 at 03:00
sources: [journal, logins, sudo]
"""
_SPOOL = "/var/lib/opspact/spool/log_review/review"
_JOURNALD = """
mkdir -p /etc/systemd/journald.conf.d /var/log/journal
printf '[Journal]\\nStorage=persistent\\nRateLimitIntervalSec=0\\nSystemMaxUse=8G\\nSystemKeepFree=1G\\n' \
  >/etc/systemd/journald.conf.d/bench.conf
systemctl restart systemd-journald
"""
_FILL = f"""
import socket
door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
door.connect("/run/systemd/journal/socket")
for number in range({ENTRIES}):
    kind, address = number % 100, f"198.51.{{number // 250 % 100}}.{{number % 250}}"
    name, said = "app", f"request {{number}} of a clerk was answered with a document of {{number % 977}} pages"
    if kind in (0, 50):
        name, said = "sshd", f"Failed password for invalid user u{{number % 700}} from {{address}} port 5 ssh2"
    elif kind in (10, 60):
        name, said = "sshd", f"Accepted publickey for ops from {{address}} port 5 ssh2: ED25519 SHA256:{{'k' * 43}}"
    elif kind == 20:
        name, said = "sudo", f" root : PWD=/root ; USER=root ; COMMAND=/usr/bin/id {{number}}"
    door.send(f"MESSAGE={{said}}\\nSYSLOG_IDENTIFIER={{name}}\\nPRIORITY=6\\n".encode())
"""
_MEASURED = """
import json, resource, runpy, subprocess, sys, time
command, start = sys.argv[1:], time.perf_counter()
if command[0] == "journalctl":
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
else:
    sys.argv = command
    try:
        runpy.run_path(command[0], run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, ended.code
seconds = time.perf_counter() - start
own, others = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
used = sum(each.ru_utime + each.ru_stime for each in (own, others))
print(json.dumps([seconds, used, own.ru_maxrss]))
"""
_PROGRAM = "sed -n 's/^ExecStart=//p' /etc/systemd/system/opspact-log_review-review.service"


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The lab whose host has the journal and the program."""

    lab: Lab

    def ours(self) -> Run:
        """Measure a first review, which reads all of it. Raise BenchError unless it counted every entry."""
        self.output(f"rm -rf {_SPOOL}")
        _, *command = self.output(_PROGRAM).split()
        run = self._measured(*command)
        result = json.loads(self.output(f"cat {_SPOOL}/*.json"))
        counts = next(
            item["counts"] for item in result["items"] if (item["item"], item["subject"]) == ("account", "root")
        )
        failed = sum(
            item["value"]
            for item in result["items"]
            if (item["item"], item["subject"]) == ("failed logins", "by address")
        )
        gaps = [item["message"] for item in result["items"] if item["item"] == "log gap"]
        if result["entries"] < ENTRIES or counts["sudo commands"] < COMMANDS or failed != FAILED or gaps:
            raise BenchError(f"the review missed entries: {result['entries']}, {counts}, {failed}, {gaps}")
        return run

    def floor(self) -> Run:
        """Measure journalctl that writes all entries as JSON into nothing."""
        return self._measured("journalctl", "-o", "json", "--all")

    def _measured(self, *command: str) -> Run:
        load = os.getloadavg()[0]
        words = " ".join(command)
        seconds, processor, memory = json.loads(
            self.output(f"python3 - {words} <<'END'\n{_MEASURED}\nEND").splitlines()[-1]
        )
        return Run(seconds, processor, memory, load)

    def output(self, command: str) -> str:
        """Run a command on the host; return what it wrote. Raise BenchError when it fails."""
        done = self.lab.root(HOST, command, timeout=900)
        if done.rc != 0:
            raise BenchError(f"{command[:80]} ended with {done.rc}: {done.err[-2000:]}")
        return done.out


@contextmanager
def reviewing(folder: Path) -> Iterator[Reviewing]:
    """Given a folder, give a lab with the journal and the policy; it is gone afterwards."""
    lab = Lab(LAB)
    lab.down()
    try:
        lab.up(reference_hosts(1))
        bed = Reviewing(lab)
        bed.output(_JOURNALD)
        bed.output(f"python3 - <<'END'\n{_FILL}\nEND\njournalctl --sync")
        apply(lab, folder / "reviewing", POLICIES)
        yield bed
    finally:
        lab.down()
