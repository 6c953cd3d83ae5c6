"""A contract in which plans have to be approved, with people who have real keys.

In: the tiny contract, opspact. Out: both, with what its people do.
"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from calling import Call, Contract
from ledgers import context

from opspact.ledger.apply_events import ApplyFinished, HostOutcome
from opspact.ledger.events import E
from opspact.ledger.store import open_ledger

APPROVAL = """\
kind: approval
name: {name}
clauses: [C1]
needs: {{role: customer, count: {count}, expires: {expires}{needs}}}
for: [{occasion}]
{more}"""
PERSON = """\
kind: person
name: {name}
teams: [{team}]
from: 2026-01-01
{more}signing_keys: [{{key: {key}{of_key}}}]
"""


class Approved:
    """The tiny contract in git, its people with keys, and opspact called for it."""

    def __init__(self, contract: Contract, opspact: Call, keys: Path) -> None:
        self.contract, self.opspact, self.keys = contract, opspact, keys
        self.plan = contract.folder.parent / "plan.json"

    def key(self, name: str) -> Path:
        file = self.keys / name
        if not file.exists():
            self.keys.mkdir(exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
        return file

    def person(self, name: str, team: str = "customer", *, more: str = "", of_key: str = "") -> None:
        public = self.key(name).with_name(f"{name}.pub").read_text().strip()
        text = PERSON.format(name=name, team=team, key=public, more=more, of_key=of_key)
        self.contract.write(f"policies/{name}.yaml", text)

    def approval(
        self, occasion: str, *, count: int = 1, expires: str = "7 days", more: str = "", needs: str = ""
    ) -> None:
        text = APPROVAL.format(name="change", count=count, expires=expires, needs=needs, occasion=occasion, more=more)
        self.contract.write("policies/approval.yaml", text)

    def note(self, text: str) -> None:
        self.contract.write("files/note", text)

    def commit(self, author: str = "test@example.com", *, signed_by: str = "") -> None:
        if not (self.contract.folder / ".git").exists():
            self.contract.git("init", "-q")
        self.contract.git("add", "-A")
        key = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={self.key(signed_by)}") if signed_by else ()
        signs = ("-S",) if signed_by else ()
        self.contract.git(*key, "commit", "-qm", "a change", f"--author=somebody <{author}>", *signs)

    def refused_commits(self, *options: str) -> dict[str, str]:
        """Return why commits do not count, by their first digits or what stands in their place, as plan says it."""
        said = json.loads(self.opspact("plan", *options, "--format", "json").out)
        return {each["commit"]: each["why"] for each in said["signed_commits"]["refused"]}

    def applied(self) -> None:
        """Commit, and record that this is what was applied last."""
        self.commit()
        event = ApplyFinished({"here": HostOutcome(1, 1)}, is_converged=True)
        of = context(datetime.now(UTC), contract="tiny", commit=self.contract.git("rev-parse", "HEAD"))
        (self.contract.folder / ".opspact").mkdir(exist_ok=True)
        (self.contract.folder / ".opspact/.gitignore").write_text("*\n")
        with open_ledger(self.contract.folder / ".opspact/ledger.sqlite3") as ledger:
            ledger.record(event, context=of)

    def made(self) -> None:
        """Write the plan file of what is to be done now."""
        assert self.opspact("plan", "--live", "--out", str(self.plan)).code == 0

    def approve(self, name: str, *options: str) -> Path:
        said = self.opspact("plan", "approve", str(self.plan), "--key", str(self.key(name)), *options)
        assert said.code == 0, said.err
        return self.plan.with_name(f"{self.plan.name}.{name}.approval")

    def apply(self, *options: str) -> str:
        """Apply the plan file; return why that is refused, empty when it is not."""
        said = self.opspact("apply", str(self.plan), *options)
        assert said.code in {0, 2}, said.err
        return said.err if said.code else ""

    def events(self, kind: type[E]) -> list[E]:
        with open_ledger(self.contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
            return [each.event for each in ledger.read(kind, contract="tiny")]

    @property
    def there(self) -> str:
        return self.contract.kept.read_text()


def approved_contract(contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch) -> Approved:
    """Return a contract that was applied, and in which the customer's He Jing approves every apply."""
    folder = contract.folder.parent
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("OPSPACT_ACTOR", "gitlab")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    made = Approved(contract, opspact, folder / "keys")
    made.person("he-jing")
    made.person("zhang-wei", "operators")
    made.approval("apply")
    made.applied()
    made.note("second\n")
    made.commit()
    return made
