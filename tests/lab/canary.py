"""Where a secret may have got to: a watch over processes, a search through files, hosts and their journals.

Comes in: words that are secret. Goes out: the places where they were seen.
"""

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts import Contract, Said
from labkit import Lab

SEARCHED = "/etc /root /home /srv /tmp /var /opt /usr/local /run /dev/shm"


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
