"""An inspection of thirty items on a host, and Debian's monitoring-plugins that are asked the same, one process each.

In: nothing. Out: a lab of one host with a database and a web server, and measured runs on it: user and system time of
all processes of a run, and the memory of the largest.
"""

import base64
import gzip
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from labkit import HostSpec, Lab

from benchkit.bed import LAB
from benchkit.timing import BenchError, Run
from opspact.compile import units
from opspact.compile.jobs import program_text
from opspact.errors import Place
from opspact.model import names
from opspact.model.contract_jobs import PRUNE_SCHEDULE
from opspact.model.job import INSPECTION, Job
from opspact.model.origin import Origin

HOST = "db1"
PLUGINS = "/root/plugins.sh"
_JOB = Job(INSPECTION, "bench", (HOST,), PRUNE_SCHEDULE, Origin("inspection/bench", Place("bench.yaml", 1)))
_MOUNTS = ("/", "/dev", "/dev/shm", "/run", "/tmp")
_PROCESSES = ("systemd", "systemd-journald", "systemd-logind", "dbus-daemon", "sshd", "postgres", "nginx")
_DATABASES = ("bench", "postgres")
_PATHS = ("/", "/index.nginx-debian.html", "/?page=1", "/?page=2")
_WELCOME = "Welcome to nginx"
_PREPARE = f"""
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends nginx monitoring-plugins-basic monitoring-plugins-standard >/dev/null
cd /; runuser -u postgres -- createdb {_DATABASES[0]}
"""
_MEASURE = """
import json, os, subprocess, sys, time
begun = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
output = process.stdout.read()
_, status, used = os.wait4(process.pid, 0)
seconds, processor = time.perf_counter() - begun, used.ru_utime + used.ru_stime
json.dump([os.waitstatus_to_exitcode(status), seconds, processor, used.ru_maxrss, output], sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """The same question twice: an item of an inspection, and a command line of a plugin."""

    item: Mapping[str, object]
    plugin: str


def questions(address: str) -> Iterator[Question]:
    """Given the host's address, yield thirty questions, with the same limits on both sides."""
    for mount in _MOUNTS:
        item = {"item": "disk", "mount": mount, "warn": 90.0, "critical": 95.0, "writable": True}
        yield Question(item, f"check_disk -w 10% -c 5% -W 10% -K 5% -p {mount}")
    yield Question({"item": "swap", "warn": 99.0}, "check_swap -w 1% -c 1% -n ok")
    yield Question({"item": "load", "warn": 100.0, "critical": 200.0}, "check_load -r -w 100,100,100 -c 200,200,200")
    for name in _PROCESSES:
        yield Question({"item": "process", "name": name, "min": 1}, f"check_procs -w 1: -c 1: -C {name[:15]}")
    for where in ("127.0.0.1", address):
        for port in (22, 80):
            item = {"item": "tcp", "address": where, "port": port, "within": 2.0}
            yield Question(item, f"check_tcp -H {where} -p {port} -t 2")
    yield Question({"item": "tcp", "address": "127.0.0.1", "port": 5432}, "check_tcp -H 127.0.0.1 -p 5432")
    for where in ("127.0.0.1", address):
        yield Question(
            {"item": "ping", "address": where, "within": 1.0}, f"check_ping -H {where} -w 1000,50% -c 1000,99% -p 3"
        )
    for path in _PATHS:
        item = {"item": "http", "url": f"http://127.0.0.1{path}", "status": 200, "contains": _WELCOME, "within": 2.0}
        yield Question(item, f"check_http -I 127.0.0.1 -u {shlex.quote(path)} -e 200 -s {shlex.quote(_WELCOME)} -t 2")
    for name in _DATABASES:
        item = {"item": "postgresql", "database": name, "connections": {"warn": 80.0}}
        yield Question(item, f"check_pgsql -d {name}")
    yield Question(
        {"item": "process", "name": "nginx", "user": "www-data"}, "check_procs -w 1: -c 1: -C nginx -u www-data"
    )
    yield Question({"item": "process", "name": "postgres", "max": 100}, "check_procs -w 1:100 -c 1: -C postgres")
    yield Question({"item": "process", "name": "sshd", "max": 100}, "check_procs -w 1:100 -c 1: -C sshd")


@dataclass(frozen=True, slots=True)
class Inspecting:
    """The lab with everything on its host."""

    lab: Lab

    def ours(self) -> Run:
        """Measure the inspection as its service runs it. Raise BenchError unless all is ok."""
        (command,) = re.findall(r"^ExecStart=(.*)$", units.service(_JOB), re.MULTILINE)
        run = self._measured(command)
        if f"{_JOB.key}: ok." not in run.output:
            raise BenchError(f"not all is ok: {run.output[-2000:]}")
        return run

    def plugins(self) -> Run:
        """Measure the plugins, one after the other. Raise BenchError unless all are ok."""
        return self._measured(f"/bin/sh {PLUGINS}")

    def _measured(self, command: str) -> Run:
        load = os.getloadavg()[0]
        done = self.lab.root(HOST, f"python3 -c {shlex.quote(_MEASURE)} {command}", timeout=120)
        if done.rc != 0:
            raise BenchError(f"{command[:80]} ended with {done.rc}: {done.err[-2000:]}")
        status, seconds, processor, memory, output = json.loads(done.out)
        if status != 0:
            raise BenchError(f"{command[:80]} ended with {status}: {output[-2000:]}")
        return Run(seconds, processor, memory, load, output)


@contextmanager
def inspecting() -> Iterator[Inspecting]:
    """Give a lab with the program, its settings and the plugins on its host; it is gone afterwards."""
    lab = Lab(LAB)
    lab.down()
    try:
        lab.up([HostSpec(HOST, ("db",), 13)])
        done = lab.root(HOST, _PREPARE, timeout=300)
        if done.rc != 0:
            raise BenchError(f"the host cannot be prepared: {done.err[-2000:]}")
        asked = list(questions(lab.address(HOST)))
        _write(lab, names.program(INSPECTION.program), program_text(INSPECTION.program))
        settings = {"job": _JOB.key, "items": [question.item for question in asked]}
        _write(lab, names.settings(_JOB.key), json.dumps(settings))
        _write(lab, PLUGINS, _script(asked))
        yield Inspecting(lab)
    finally:
        lab.down()


def _script(asked: list[Question]) -> str:
    """Return the script that runs the plugins, and fails if one of them does."""
    lines = ["failed=0"]
    for question in asked:
        account = "setpriv --reuid=postgres --regid=postgres --clear-groups " if "pgsql" in question.plugin else ""
        lines.append(f"{account}/usr/lib/nagios/plugins/{question.plugin} || {{ failed=1; echo {question.plugin!r}; }}")
    return "\n".join((*lines, "exit $failed", ""))


def _write(lab: Lab, path: str, text: str) -> None:
    encoded = base64.b64encode(gzip.compress(text.encode())).decode()  # it is too long for a command line
    done = lab.root(HOST, f"mkdir -p $(dirname {path}) && base64 -d <<'END' | gzip -d >{path}\n{encoded}\nEND")
    if done.rc != 0:
        raise BenchError(f"{path} cannot be written: {done.err}")
