"""Applies as runs, on real hosts: killed, suspended, ended by signals.

Nothing is done twice, and a run that was fenced out writes nothing.
Each test has a contract with a name and paths of its own.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from contracts import Contract, no_lock, small, until
from effort import EFFORT
from labkit import Lab
from patient import is_starting, make_quick, noted, patient

from opspact.ledger.events import AnyEvent, Recorded
from opspact.ledger.run_events import LeaseTaken, RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import verify

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2")
KILLS = 3 * EFFORT
LONGEST = 8.0
"""Seconds after its first wave began at which an apply is killed at the latest; most end sooner."""
IN_WAVES = "kind: rollout\nname: default\nwaves: [{hosts: app1}, {hosts: all}]\n"
SETTLING = "gate: {settle: 1s}\n" if EFFORT > 1 else ""
"""A longer time between two waves: for this, ci/test has none."""
COUNTED = """\
kind: service
name: counted
hosts: app1:app2
owner: crew
files:
  - {path: /srv/killed-note, source: files/note, restarts: killed.service}
  - {path: /etc/systemd/system/killed.service, source: files/unit, restarts: killed.service}
units: [killed.service]
"""
COUNTING = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo started >>/srv/killed-starts'
[Install]
WantedBy=multi-user.target
"""
MARKED = "grep -lzs '^OPSPACT_FENCE=' /proc/[0-9]*/environ; true"
"""Lists the processes on a host that a run started there."""


def ledger_of(contract: Contract) -> Path:
    return contract.folder / ".opspact/ledger.sqlite3"


def events(contract: Contract) -> list[Recorded[AnyEvent]]:
    """Return all events, from a ledger that holds."""
    with open_ledger(ledger_of(contract), create=False) as ledger:
        verify(ledger)
        return list(ledger.read_any())


def runs(found: Iterable[Recorded[AnyEvent]]) -> list[RunStarted]:
    return [each.event for each in found if isinstance(each.event, RunStarted)]


def count(contract: Contract, kind: type[AnyEvent]) -> int:
    if not ledger_of(contract).exists():
        return 0
    with open_ledger(ledger_of(contract), create=False) as ledger:
        return sum(1 for _ in ledger.read(kind, contract=contract.name))


def host_state(lab: Lab, name: str) -> dict[str, str]:
    """Return everything of a contract on the hosts, with the times at which it was changed."""
    find = f"find /srv /etc/systemd /var/lib/opspact -path '*{name}*' -printf '%p %s %T@ %C@\\n' | sort"
    return {host: lab.root(host, find).out for host in HOSTS}


def recorded_by(found: Iterable[Recorded[AnyEvent]], run: str) -> list[int]:
    """Return the numbers of the events that a run has recorded about itself or about hosts."""
    return [each.sequence for each in found if getattr(each.event, "run", "") == run]


def _until_in_the_middle(lab: Lab, process: "subprocess.Popen[str]", name: str) -> None:
    """Wait until an apply of a patient contract waits for its service on every host."""
    until(lambda: all(is_starting(lab, host, name) for host in HOSTS) or process.poll() is not None, within=240)
    assert process.poll() is None, process.communicate()


# Killed


def test_a_killed_apply_is_resumed_or_done_again_and_nothing_is_done_twice(healthy_lab: Lab) -> None:
    chance = random.Random(20261128)
    between = 0
    with _counted(healthy_lab) as contract:
        contract.good("apply", "--yes")
        for number in range(KILLS):
            text = f"note {number}\n"
            contract.write("files/note", text)
            contract.commit()
            begun, ended = count(contract, StageStarted), count(contract, RunFinished)
            process = contract.start("apply", "--yes")
            until(lambda: count(contract, StageStarted) > begun or process.poll() is not None, within=90)  # noqa: B023 - within this round
            time.sleep(chance.uniform(0, LONGEST))
            process.send_signal(signal.SIGKILL)
            _, err = process.communicate(timeout=180)
            is_killed = process.returncode == -signal.SIGKILL
            was_between = count(contract, RunFinished) == ended
            assert is_killed or not was_between, err
            between += was_between
            until(lambda: no_lock(healthy_lab, *HOSTS))
            written = _written(healthy_lab, text)
            _go_on(contract, number, unfinished=was_between)
            assert written.items() <= _written(healthy_lab, text).items(), "what is there is not written again"
            assert [healthy_lab.root(host, "cat /srv/killed-note").out for host in HOSTS] == [text, text]
            assert [healthy_lab.root(host, MARKED).out for host in HOSTS] == ["", ""]
            contract.good("verify")
        assert between > 0, "some kills came between the start of the first wave and the end of the last"
        assert _restarts(healthy_lab) == [1 + KILLS] * 2, "the service was restarted once for each change"
        _nothing_twice(events(contract))


@contextmanager
def _counted(lab: Lab) -> Iterator[Contract]:
    """Yield a contract in two waves, with a service that counts on each host how often it was started."""
    with small(lab, "killed", COUNTED) as contract:
        contract.write("policies/rollout.yaml", IN_WAVES + SETTLING)
        contract.write("files/note", "noted\n")
        contract.write("files/unit", COUNTING)
        contract.commit()
        try:
            yield contract
        finally:
            for host in HOSTS:
                lab.root(host, "systemctl disable --now killed.service; rm -f /etc/systemd/system/killed.service")


def _written(lab: Lab, text: str) -> dict[str, str]:
    """Return the number of the note's file on each host where it has that text."""
    found = {
        host: lab.root(host, f"printf '{text}' | cmp -s - /srv/killed-note && stat -c %i /srv/killed-note")
        for host in HOSTS
    }
    return {host: it.out for host, it in found.items() if it.rc == 0}


def _restarts(lab: Lab) -> list[int]:
    return [int(lab.root(host, "wc -l </srv/killed-starts").out) for host in HOSTS]


def _go_on(contract: Contract, number: int, *, unfinished: bool) -> None:
    """Resume every second run; start a new one after the others."""
    killed = runs(events(contract))[-1].run
    if number % 2 and unfinished:
        resumed = contract.good("apply", "--resume", "--yes")
        assert f"resuming run {killed}, attempt 2" in resumed.err
        assert runs(events(contract))[-1].run == killed
    else:
        again = contract.good("apply", "--yes")
        assert (f"run {killed}" in again.err) == unfinished
    assert contract.run("apply", "--resume", "--yes").code == 4


def _nothing_twice(found: list[Recorded[AnyEvent]]) -> None:
    """Demand that no border and no token was recorded twice, and that nobody recorded after another took its hosts."""
    keys = Counter((each.event.kind, each.event.key) for each in found if each.event.key)
    assert [key for key, times in keys.items() if times > 1] == []
    tokens: dict[str, list[int]] = {host: [] for host in HOSTS}
    for each in found:
        if isinstance(each.event, LeaseTaken):
            tokens[each.event.host].append(each.event.token)
    assert all(of_host == sorted(set(of_host)) for of_host in tokens.values())
    done = Counter(each.event.run for each in found if isinstance(each.event, RunFinished))
    assert set(done.values()) == {1}
    order = list(dict.fromkeys(run.run for run in runs(found)))
    for earlier, later in pairwise(order):
        assert max(recorded_by(found, earlier)) < min(recorded_by(found, later))


# At once


def test_of_two_applies_at_once_one_waits_and_nothing_is_done_twice(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "at-once") as contract:
        contract.good("apply", "--yes")
        contract.write("files/note", "of both\n")
        contract.commit()
        shared = ("--ledger", str(ledger_of(contract)))
        both = [each.start("apply", "--yes", "--wait", "5m", *shared) for each in (contract, _clone(contract))]
        said = [process.communicate(timeout=300) for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        found = events(contract)
        assert len(runs(found)) == 2, "the first apply, and one of the two: the other found nothing left to do"
        _nothing_twice(found)
        contract.good("verify")


# Suspended


@pytest.mark.parametrize("strategy", ["mitogen", "plain"])
def test_a_suspended_apply_whose_hosts_were_taken_writes_nothing_more(
    healthy_lab: Lab, strategy: str, tmp_path: Path
) -> None:
    name = f"suspended-{strategy}"
    environment = {} if strategy == "mitogen" else _without_mitogen(tmp_path)
    with patient(healthy_lab, name) as contract:
        process = contract.start("apply", "--yes", **environment)
        _until_in_the_middle(healthy_lab, process, name)
        suspended = _family(process.pid)
        _signal_all(suspended, signal.SIGSTOP)
        first = runs(events(contract))[-1].run
        before = recorded_by(events(contract), first)
        for host in HOSTS:
            assert healthy_lab.root(host, MARKED).out, "something of it works on the host"
            healthy_lab.root(host, "kill -KILL $(sed -n 2p /run/opspact.lock)")  # what a cut connection comes to
        until(lambda: no_lock(healthy_lab, *HOSTS))

        other = _clone(contract)
        make_quick(other, healthy_lab, *HOSTS)
        other.write("files/note", "of the second\n")
        other.commit()
        taking = other.good("apply", "--yes", "--ledger", str(ledger_of(contract)))
        assert f"run {first}" in taking.err
        assert [healthy_lab.root(host, MARKED).out for host in HOSTS] == ["", ""]
        after = host_state(healthy_lab, name)

        _signal_all(suspended, signal.SIGCONT)
        _, err = process.communicate(timeout=180)
        assert (process.returncode, "Traceback" in err) == (3, False)
        assert host_state(healthy_lab, name) == after
        assert recorded_by(events(contract), first) == before
        other.good("verify", "--ledger", str(ledger_of(contract)))
        assert [healthy_lab.root(host, MARKED).out for host in HOSTS] == ["", ""]


@pytest.mark.soak
def test_a_run_whose_hosts_were_taken_between_two_waves_writes_nothing_in_the_second(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "between") as contract:
        contract.write("policies/rollout.yaml", f"{IN_WAVES}gate: {{settle: 20s}}\n")
        contract.commit()
        contract.good("apply", "--yes")
        contract.write("files/note", "of the first\n")
        contract.commit()
        process = contract.start("apply", "--yes")
        until(lambda: "of the first" in healthy_lab.root("app1", "cat /srv/between-note").out, within=240)
        suspended = _family(process.pid)
        _signal_all(suspended, signal.SIGSTOP)
        first = runs(events(contract))[-1].run
        before = recorded_by(events(contract), first)
        for host in HOSTS:
            healthy_lab.root(host, "kill -KILL $(sed -n 2p /run/opspact.lock)")
        until(lambda: no_lock(healthy_lab, *HOSTS))
        other = _clone(contract)
        other.write("files/note", "of the second\n")
        other.commit()
        other.good("apply", "--yes", "--ledger", str(ledger_of(contract)))
        after = host_state(healthy_lab, "between")

        _signal_all(suspended, signal.SIGCONT)
        out, err = process.communicate(timeout=180)
        assert (process.returncode, "Traceback" in err) == (3, False), out + err
        assert host_state(healthy_lab, "between") == after
        assert recorded_by(events(contract), first) == before
        other.good("verify", "--ledger", str(ledger_of(contract)))


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def _signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _clone(contract: Contract) -> Contract:
    """Return a clone with a folder and a lock of its own: what another operator has."""
    contract.git("clone", "--quiet", ".", str(contract.home / "clone" / "contract"))
    return Contract(
        contract.home / "clone",
        contract.name,
        contract.passphrase,
        {name: contract.variables[name] for name in ("XDG_RUNTIME_DIR", "ANSIBLE_VAULT_PASSWORD_FILE")},
    )


def _without_mitogen(folder: Path) -> dict[str, str]:
    """Return an environment in which mitogen is not found."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util\n\nreal = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: (\n"
        "    None if name == 'ansible_mitogen' else real(name, package)\n)\n"
    )
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}


# Ended by signals


def test_the_end_of_its_terminal_ends_the_run_in_order_and_is_recorded(healthy_lab: Lab) -> None:
    """So do SIGINT and SIGTERM: test_bad_days."""
    with patient(healthy_lab, "signalled") as contract:
        process = contract.start("apply", "--yes")
        _until_in_the_middle(healthy_lab, process, "signalled")
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=180)
        assert (process.returncode, "Traceback" in err) == (128 + signal.SIGHUP, False)
        (ended,) = (each.event for each in events(contract) if isinstance(each.event, RunFinished))
        (stage,) = (each.event for each in events(contract) if isinstance(each.event, StageFinished))
        assert (ended.outcome, ended.signal, stage.outcome) == (RunOutcome.STOPPED, signal.SIGHUP, RunOutcome.STOPPED)

        make_quick(contract, healthy_lab, *HOSTS)
        assert contract.run("apply", "--resume", "--yes").code == 2, "the policies have changed since"
        contract.good("apply", "--yes")
        contract.good("verify")


def test_what_a_run_leaves_on_a_host_is_its_token(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "token") as contract:
        contract.good("apply", "--yes")
        (run,) = runs(events(contract))
        for host in HOSTS:
            assert healthy_lab.root(host, "ls /run/opspact").out.split() == ["token"]
            python = f"/var/lib/opspact/python-{run.run}.1"
            assert healthy_lab.root(host, "ls /var/lib/opspact/python-*").out.split() == [python]
            token = healthy_lab.root(host, "cat /run/opspact/token").out
            assert re.fullmatch(rf"[1-9][0-9]* {run.run}\.1\n", token)
            assert (
                healthy_lab.root(host, "stat -c '%U %a' /run/opspact /run/opspact/token").out == "root 755\nroot 644\n"
            )
        shutil.rmtree(contract.folder / ".opspact")  # another ledger, which knows no token
        contract.change("policies/all.yaml", "/srv/token-note", "/srv/token-note2")
        contract.commit()
        contract.good("apply", "--yes")
        taken = [each.event.token for each in events(contract) if isinstance(each.event, LeaseTaken)]
        assert all(token > 1 for token in taken)
