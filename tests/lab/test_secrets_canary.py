"""A secret that a policy names is on the hosts where it belongs, in a file for its owner alone, and nowhere else."""

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contracts import Contract, Said, small
from labkit import Lab

from opspact.model import names

pytestmark = pytest.mark.lab

POLICIES = """\
kind: backup
name: kept
hosts: app1
what: {paths: [/etc]}
schedule: daily at 02:00
to: {host: backup1, repository: canary}
strategy: incremental
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:vault:borg
check: {schedule: weekly on sunday at 05:00}
"""

BELONGS = {
    "app1": names.passphrase_file("backup", "canary"),
    "backup1": names.passphrase_file("repository", "canary"),
}
"""Each host's one file with the passphrase."""

SEARCHED = "/etc /root /home /srv /tmp /var /opt /usr/local /run /dev/shm"


@pytest.fixture
def contract(healthy_lab: Lab) -> Iterator[Contract]:
    with small(healthy_lab, "canary", POLICIES) as made:
        yield made


@pytest.fixture
def anew_afterwards(healthy_lab: Lab) -> Iterator[None]:
    """The hosts that hold the secret are made anew after the test."""
    yield
    healthy_lab.up()
    for host in ("app1", "backup1"):
        healthy_lab.reset(host)


class Watch:
    """Looks again and again at every process of this machine, the lab's hosts' too, for words that are secret."""

    def __init__(self, words: list[bytes]) -> None:
        self.looks = 0
        self.seen: set[str] = set()
        self._words = words
        self._over = threading.Event()

    def look(self) -> None:
        """Look until it is over."""
        while not self._over.wait(0.05):
            for entry in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    try:
                        text = (entry / part).read_bytes()
                    except OSError:
                        continue
                    if any(word in text for word in self._words):
                        self.seen.add(f"{part} of process {entry.name}: {_name(entry)}")
            self.looks += 1

    def end(self) -> None:
        self._over.set()


def _name(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone"


@contextmanager
def watched(words: list[str]) -> Iterator[Watch]:
    watch = Watch([word.encode() for word in words])
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def secrets_of(contract: Contract) -> list[str]:
    """Return the words that nobody may see: the passphrase, plain and as modules send it, and the vault's password."""
    encoded = base64.b64encode(contract.passphrase.encode()).decode().rstrip("=")
    return [contract.passphrase, encoded, (contract.home / "vault-password").read_text().strip()]


def loud(contract: Contract, *arguments: str) -> Said:
    return contract.run(*["--verbose"] * 4, "--debug", *arguments)


def told(contract: Contract) -> list[Said]:
    """Return everything that opspact says of what happened, in every form."""
    return [
        loud(contract, "verify"),
        loud(contract, "verify", "--format", "json"),
        loud(contract, "plan", "--live", "--format", "json"),
        loud(contract, "backup", "run", "--format", "json"),
        loud(contract, "backup", "status", "--collect", "--format", "json"),
        loud(contract, "ledger", "export"),
        loud(contract, "compile", "--out", str(contract.home / "project")),
    ]


def files_with(words: list[str], since: Path, *folders: str) -> list[str]:
    """Return every file that changed since another did and whose raw bytes hold one of the words."""
    patterns = [part for word in words for part in ("-e", word)]
    hosts = ["-path", "*/opspact-lab/disks", "-prune", "-o"]  # searched from inside
    find = ["find", *folders, "-xdev", *hosts, "-type", "f", "-newer", str(since)]
    grep = ["grep", "-laF", *patterns, "{}", "+"]
    done = subprocess.run([*find, "-exec", *grep], capture_output=True, text=True, check=False)
    return done.stdout.split()


def on_host(lab: Lab, host: str, words: list[str]) -> list[str]:
    """Return every file of a host, and its journal, that holds one of the words."""
    patterns = " ".join(f"-e {word}" for word in words)
    search = f"grep -rlIs {patterns} {SEARCHED}; grep -rlas {patterns} /var/log /var/lib/opspact; "
    journal = f"journalctl --no-pager -o export | grep -a -q {patterns} && echo journal"
    return sorted(set(lab.root(host, search + journal, timeout=120).out.split()))


def nowhere_else(lab: Lab, contract: Contract, *said: Said) -> None:
    words = secrets_of(contract)
    assert not [word for one in said for word in words if word in one.out + one.err]
    places = [str(contract.home), "/tmp", "/dev/shm", "/run/user", str(Path.home())]
    assert files_with(words, contract.home / "vault-password", *places) == []
    for host in ("app1", "backup1"):
        assert set(on_host(lab, host, words)) <= {BELONGS[host]}


def test_the_search_finds_what_it_is_to_find(contract: Contract) -> None:
    words = secrets_of(contract)
    leaks = [contract.home / f"leak{number}" for number in range(len(words))]
    for leak, word in zip(leaks, words, strict=True):
        leak.write_bytes(b"\0" + word.encode() + b"\xff")
    with watched(words) as watch:
        subprocess.run(["sleep", "1"], env={"LEAK": words[0]}, check=True)
    assert set(files_with(words, contract.home / "vault-password", str(contract.home))) == set(map(str, leaks))
    assert len(watch.seen) == 1


@pytest.mark.usefixtures("anew_afterwards")
def test_a_secret_is_in_no_file_log_row_process_or_answer_but_where_it_belongs(
    healthy_lab: Lab, contract: Contract
) -> None:
    words = secrets_of(contract)
    healthy_lab.fill("backup1", "/srv")
    with watched(words) as first:
        failed = loud(contract, "apply", "--yes", "--format", "json")
    assert (failed.code, failed.json["ansible_started"]) == (3, True)
    nowhere_else(healthy_lab, contract, failed)
    healthy_lab.unfill("backup1")
    with watched(words) as second:
        mended = loud(contract, "apply", "--yes")
        said = told(contract)
    assert (mended.code, "kept" in mended.out) == (0, True)
    assert [one.code for one in said] == [0] * len(said)
    nowhere_else(healthy_lab, contract, mended, *said)
    assert min(first.looks, second.looks) > 10
    assert first.seen | second.seen == set()
    for host, path in BELONGS.items():
        assert healthy_lab.root(host, f"cat {path}; stat -c %a {path}").out == f"{contract.passphrase}600\n"
    assert on_host(healthy_lab, "app1", [contract.passphrase]) == [BELONGS["app1"]]


def test_a_wrong_vault_password_shows_neither_it_nor_the_secret(healthy_lab: Lab, contract: Contract) -> None:
    words = secrets_of(contract)
    wrong = contract.home / "wrong-password"
    wrong.touch(mode=0o600)
    wrong.write_text("Wrong-8d1f2c\n")
    said = contract.run("apply", "--yes", "--debug", ANSIBLE_VAULT_PASSWORD_FILE=str(wrong))
    assert (said.code, "secrets.vault.yaml does not open" in said.err) == (2, True)
    assert not [word for word in [*words, "Wrong-8d1f2c"] if word in said.out + said.err]
    assert healthy_lab.root("app1", f"ls {BELONGS['app1']}").out == ""
