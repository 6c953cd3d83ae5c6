"""The test bed: a lab of equal hosts, the contract on them, and the same state in the peers' files.

In: how many hosts. Out: programs that do the same work, ours and the peers'.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from labkit import HostSpec, Lab, reference_hosts
from testinfra.backend.base import CommandResult

from benchkit import contract, peers
from benchkit.timing import BenchError, Program, Run
from opspact.fleet.connection import Settings
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.rollout.survey import Survey, Surveyor
from opspact.steps.base import CheckedHost
from opspact.steps.check import State
from opspact.steps.host_program import PATH
from opspact.steps.question import program_of
from opspact.verify.backend import SessionBackend, StrictHost
from opspact.verify.check import check_host

LAB = "bench"
_SAME_EXCHANGE = """
echo KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org >/etc/ssh/sshd_config.d/bench.conf
systemctl reload ssh
"""
"""OpenSSH 9.2's own choice, sntrup761, costs its client 75 ms of processor a connection; paramiko and pyinfra know none
of its kind. So the hosts offer what everybody has, and everybody's connections cost the same."""
_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE.parents[1] / "src"


def _plain(command: str) -> str:
    """Given a command of ours, return it; a look at a path as people write it in a shell, without a start of Python."""
    match program_of(command):
        case PATH.text, "look", path:
            word = shlex.quote(path)
            holds = f"if [ -f {word} ]; then sha256sum -- {word}; else readlink -- {word}; fi"
            return f"stat -c %F/%U/%G/%a -- {word}; {holds}"
    return command


class _Recorder(SessionBackend):
    """Our backend, that also notes what it sends."""

    def __init__(self, hostspec: str, *, session: Session) -> None:
        super().__init__(hostspec, session=session)
        self.sent: list[str] = []

    def run(self, command: str, *args: str, **options: Any) -> CommandResult:
        """Run a command and note it."""
        self.sent.append(self.get_command(command, *args))
        return super().run(command, *args, **options)


class Bed:
    """A lab of `count` hosts of one class, with everything written that ours and the peers need, from `renew` on."""

    def __init__(self, count: int, folder: Path) -> None:
        self.count = count
        self.lab = Lab(LAB)
        self._base = folder
        self._folder = folder
        self._times = 0

    def renew(self) -> None:
        """Create all hosts again, with new keys, and everything written for them."""
        self.lab.down()
        numbers = [spec.number for spec in reference_hosts(self.count)]
        self.lab.up([HostSpec(f"app{place}", ("web",), number) for place, number in enumerate(numbers, 1)])
        for name in self.lab.hosts:
            if self.lab.root(name, _SAME_EXCHANGE).rc != 0:
                raise BenchError(f"sshd of {name} does not take its configuration")
        self._times += 1
        self._folder = self._base / f"hosts-{self.count}-{self._times}"
        self._folder.mkdir()
        inventory = self.lab.inventory(self._folder / "lab").read_text()
        self.compiled = contract.write(self.contract, inventory)
        self.steps = contract.steps_of(self.compiled)
        self._pickle = contract.write_for_testinfra(self._folder, self.steps)
        self._state = contract.write_for_pyinfra(self._folder, self.steps)
        self._write_pyinfra_inventory()
        self.ours("compile", "--out", str(self._folder / "project")).run()

    def _write_pyinfra_inventory(self) -> None:
        known = {"ssh_key": str(self.lab.key), "ssh_known_hosts_file": str(self.lab.known_hosts), "ssh_user": "ops"}
        hosts = [(name, {"ssh_hostname": self.lab.address(name), **known}) for name in self.lab.hosts]
        (self._folder / "pyinfra_inventory.py").write_text(f"hosts = {hosts!r}\n")
        shutil.copy(_HERE / "pyinfra_deploy.py", self._folder / "pyinfra_deploy.py")

    @property
    def contract(self) -> Path:
        """The folder of the contract that is on the hosts."""
        return self._folder / "contract"

    def ours(self, *arguments: str, folder: Path | None = None) -> Program:
        """Given the words of a command, return `opspact` with these in a contract's folder (None: the hosts' one)."""
        where = folder or self.contract
        program = str(Path(sys.executable).with_name("opspact"))
        return Program([program, "--contract", str(where), *arguments], where, {"NO_COLOR": "1"})

    def verify(self) -> Run:
        """Measure `opspact verify`, which must find everything in order and uses no connection of an earlier run."""
        return self.ours("--close-connections", "verify").run()

    def verify_inside(self) -> Run:
        """Measure the same look within this process: connect, look at every step, close; no start of Python."""
        load = os.getloadavg()[0]
        start, processor = time.perf_counter(), time.process_time()
        survey = self._survey()
        used = time.process_time() - processor
        _all_in_order(survey, len(self.steps))
        return Run(time.perf_counter() - start, used, load=load)

    def _survey(self) -> Survey:
        with self._sessions() as sessions:
            return Surveyor(sessions, self.compiled.contract.name, {}).survey(self.compiled.work, sessions.names)

    @contextmanager
    def _sessions(self) -> Iterator[Sessions]:
        hosts = self.compiled.hosts(self.compiled.contract.inventory.hosts)
        with open_sessions(hosts, settings=Settings()) as sessions:
            yield sessions

    def commands(self) -> list[str]:
        """Return the commands with which a shell asks one host what our backend asks of it, in their order."""
        with self._sessions() as sessions:
            (sent,) = sessions.each(self._record, sessions.names[:1]).values()
        if not isinstance(sent, list):
            raise BenchError(f"a host was lost while its commands were noted: {sent}")
        return [_plain(command) for command in sent]

    def _record(self, session: Session) -> list[str]:
        recorder = _Recorder(session.name, session=session)
        host = StrictHost(recorder)
        recorder.set_host(host)
        check_host(cast("CheckedHost", host), self.steps, {})
        return recorder.sent

    def floor(self, commands: Sequence[str]) -> Run:
        """Measure one bare `ssh host sudo sh -s` a host, all at once, that runs these commands from its input."""
        script = "".join(f"({command}\n) </dev/null\n" for command in commands).encode()
        load = os.getloadavg()[0]
        start = time.perf_counter()

        def talk(name: str) -> int:
            words = [*self.lab.ssh_command(name), "sudo", "sh", "-s"]
            return subprocess.run(words, input=script, capture_output=True, timeout=300, check=False).returncode

        with ThreadPoolExecutor(self.count) as pool:
            codes = list(pool.map(talk, self.lab.hosts))
        if any(codes):
            raise BenchError(f"the bare ssh sessions ended with {codes}")
        return Run(time.perf_counter() - start, load=load)

    def stock(self, connection: str, hosts: Sequence[str]) -> Run:
        """Measure pytest with stock testinfra over `connection` (ssh, paramiko), one host after the other."""
        specs = ",".join(f"{connection}://{name}" for name in hosts)
        arguments = [
            *(str(peers.programs() / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"),
            *(f"--hosts={specs}", f"--ssh-config={self.lab.ssh_config}", "--sudo"),
            *(f"--rootdir={self._folder}", str(_HERE / "stock_checks.py")),
        ]
        variables = {
            "BENCH_STEPS": str(self._pickle),
            "PYTHONPATH": str(_SOURCES),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        run = Program(arguments, self._folder, variables).run()
        expected = f"{len(self.steps) * len(hosts)} passed"
        return _saying(run, expected)

    def apply(self) -> Run:
        """Measure `opspact apply --yes` with connections of its own."""
        return self.ours("--close-connections", "apply", "--yes").run()

    def apply_again(self) -> Run:
        """Measure `opspact apply --yes` after another one, which has kept its connections."""
        self.ours("apply", "--yes").run()
        return self.ours("apply", "--yes").run()

    def pyinfra(self) -> Run:
        """Measure the pyinfra deploy, on all hosts at once."""
        arguments = [str(peers.programs() / "pyinfra"), "-y", "pyinfra_inventory.py", "pyinfra_deploy.py"]
        return Program(arguments, self._folder, {"BENCH_STATE": str(self._state)}).run()

    def ansible(self) -> Run:
        """Measure `ansible-playbook` on our compiled project, as its first lines say to run it."""
        arguments = [str(peers.programs() / "ansible-playbook"), "-i", "inventory", "site.yml"]
        return Program(arguments, self._folder / "project", {"NO_COLOR": "1"}).run()

    def check(self) -> None:
        """Raise BenchError unless every step on every host is in order."""
        _all_in_order(self._survey(), len(self.steps))

    def down(self) -> None:
        """Take the lab away."""
        self.lab.down()


def nothing_done(run: Run) -> Run:
    """Given a run with nothing to do, return it. Raise BenchError unless its program says that it changed nothing."""
    said = [line.split() for line in run.output.splitlines()]
    quiet = [words for words in said if "changed=0" in words or words[:2] == ["nothing", "to"] or _is_idle_total(words)]
    loud = [words for words in said if any(word.startswith("changed=") and word != "changed=0" for word in words)]
    if not quiet or loud:
        raise BenchError(f"something was changed although nothing was to do:\n{run.output[-2000:]}")
    return run


def _is_idle_total(words: Sequence[str]) -> bool:
    """Whether these are pyinfra's totals (operations, successful, failed, unchanged) with all unchanged."""
    return words[:2] == ["Grand", "total"] and words[3:5] == ["-", "-"]


def _saying(run: Run, expected: str) -> Run:
    if expected not in run.output:
        raise BenchError(f"expected {expected!r} at the end of:\n{run.output[-2000:]}")
    return run


def _all_in_order(survey: Survey, steps: int) -> None:
    wrong = [
        f"{name}: {check.step.identity}: {check.detail}"
        for name, result in survey.results.items()
        for check in result.checks
        if check.state is not State.OK
    ]
    short = [f"{name}: {result.detail}" for name, result in survey.results.items() if len(result.checks) != steps]
    if wrong or short:
        raise BenchError("not in order: " + shlex.join([*short, *wrong][:10]))
