"""A restore test of a copy of 2 GB on the backup server, and borg alone that extracts the same copy there.

In: a folder. Out: a lab of a host with files and a backup server, one copy that was made, and measured runs.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import Lab, reference_hosts

from benchkit.bed import LAB
from benchkit.contract import CONTRACT, apply
from benchkit.timing import BenchError, Run

FILES, SIZE = 2_000, 1_000_000
"""Files, and the bytes of each, that nothing makes smaller; all are compared with the manifest."""

CLIENT, SERVER = "db1", "backup1"
POLICIES = f"""\
{CONTRACT}kind: backup
name: files
hosts: {CLIENT}
what: {{paths: [/srv/bench]}}
schedule: monthly on day 5 at 03:00
to: {{host: {SERVER}, repository: files}}
keep: {{monthly: 12}}
rpo: 40 days
rto: 4h
passphrase: secret:env:BENCH_PASSPHRASE
check: {{schedule: monthly on day 7 at 05:00, data: true}}
drill: {{within: 92 days}}
"""
_REPOSITORY = f"/srv/opspact-backup/{CLIENT}/files"
_SCRATCH = "/srv/opspact-scratch/bench"
_FILL = f"mkdir -p /srv/bench && cd /srv/bench && head -c {FILES * SIZE} /dev/urandom | split -b {SIZE} -a 4 -d - file-"
_GENTLE = "-p Nice=10 -p IOSchedulingClass=best-effort -p IOSchedulingPriority=7 -p IOWeight=50"
"""As units of ours run, so that what else the machine does hits both alike."""

_BORG = (
    f"systemd-run --quiet --pipe --wait --collect {_GENTLE} --uid=opspact-backup -p WorkingDirectory={_SCRATCH}"
    " -E BORG_BASE_DIR=/var/lib/opspact/repository/borg -E BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"
    " -E 'BORG_PASSCOMMAND=cat /etc/opspact/repository/files.passphrase' borg"
)


@dataclass(frozen=True, slots=True)
class Drilling:
    """The lab with a copy in the repository."""

    lab: Lab

    def ours(self) -> Run:
        """Measure a restore test, from its start to its end. Raise BenchError unless it compared every file."""
        run = self._timed("systemctl start opspact-drill-files")
        result = json.loads(self.root(SERVER, "cat $(ls /var/lib/opspact/spool/drill/files/*.json | tail -n 1)"))
        (item,) = result["items"]
        if (item["verdict"], item["files"], item["compared"]) != ("ok", FILES, FILES):
            raise BenchError(f"the copy was not proved: {item['message']}")
        return run

    def floor(self) -> Run:
        """Measure `borg extract` of the copy by the same account, with the priority that our units have."""
        self.root(SERVER, f"install -d -o opspact-backup {_SCRATCH}")
        copy, *_ = self.root(SERVER, f"{_BORG} list --short --glob-archives 'files-*Z' {_REPOSITORY}").split()
        run = self._timed(f"{_BORG} extract {_REPOSITORY}::{copy}")
        if self.root(SERVER, f"find {_SCRATCH} -type f | wc -l; rm -r {_SCRATCH}").strip() != str(FILES):
            raise BenchError("borg extract did not give every file back")
        return run

    def root(self, host: str, command: str) -> str:
        """Run a command on a host as root; return what it wrote. Raise BenchError when it fails."""
        done = self.lab.root(host, command, timeout=900)
        if done.rc != 0:
            raise BenchError(f"{command[:80]} ended with {done.rc}: {done.err[-2000:]}")
        return done.out

    def _timed(self, command: str) -> Run:
        os.sync()
        load, start = os.getloadavg()[0], time.perf_counter()
        self.root(SERVER, command)
        return Run(time.perf_counter() - start, load=load)


@contextmanager
def drilling(folder: Path) -> Iterator[Drilling]:
    """Given a folder, give a lab in which a copy was made; it is gone afterwards."""
    lab = Lab(LAB)
    lab.down()
    try:
        lab.up(reference_hosts(4)[2:])
        bed = Drilling(lab)
        bed.root(CLIENT, _FILL)
        apply(lab, folder / "drilling", POLICIES)
        bed.root(CLIENT, "systemctl start opspact-backup-files")
        yield bed
    finally:
        lab.down()
