"""A contract's folder at work: what is read there, for which day, at which commit, and who acts.

Comes in: a folder, from the command line. Goes out: the compiled contract.
"""

import getpass
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.compile.build import build
from opspact.compile.inventory_text import plain_inventory
from opspact.compile.shape import Work
from opspact.errors import Problem, Refused
from opspact.fleet import secrets
from opspact.fleet.inventory import list_inventory
from opspact.ledger.context import Context
from opspact.model.contract import Contract
from opspact.model.inventory.host import Host
from opspact.model.inventory.pattern import select
from opspact.model.names import CONTRACT_STATE
from opspact.onhost.redaction import Redactor
from opspact.resolve.contract import digest, resolve
from opspact.resolve.inventory import from_ansible_list
from opspact.schema.contract_files import read_tree
from opspact.schema.inventory.reader import refuse_encrypted
from opspact.schema.inventory.variables import encrypted_files
from opspact.steps.traits import secrets_of
from opspact.structs import Struct
from opspact.values.secret import Secret, SecretReference, Secrets
from opspact.workspace import commits
from opspact.workspace.compile_cache import NO_CACHE, CompileCache

_INVENTORY = ("inventory/", "group_vars/", "host_vars/")
_WORTH_KEEPING = 500  # hosts from which on reading what was compiled is faster than compiling


class Compiled(Struct):
    """A contract and every host's work, compiled for a day; `commit` is where it was read (empty outside git)."""

    tree: Mapping[str, bytes]
    contract: Contract
    work: Mapping[str, Work]
    commit: str
    day: date
    inventory_from_program: bool = False  # a program printed the inventory; its files would run it again

    @property
    def inventory_files(self) -> dict[str, bytes]:
        """The files of a plain inventory: its own, or what a program printed, written down."""
        if self.inventory_from_program:
            return plain_inventory(self.contract.inventory)
        return {path: data for path, data in self.tree.items() if path.startswith("inventory/")}

    @property
    def is_large(self) -> bool:
        """Whether reading what was compiled before is faster than compiling it."""
        return len(self.work) >= _WORTH_KEEPING

    def chosen(self, limit: str | None) -> tuple[str, ...]:
        """Given a host pattern (None: all), return hosts in the inventory's order. Raise Refused when it is wrong."""
        return select(limit, self.contract.inventory) if limit else tuple(self.contract.inventory.hosts)

    def is_host_or_group(self, name: str) -> bool:
        """Given a name, return whether a host or a group of the inventory has it."""
        return name in self.contract.inventory.hosts or name in self.contract.inventory.groups

    def hosts(self, names: Iterable[str]) -> list[Host]:
        """Given names, return the hosts."""
        return [self.contract.inventory.hosts[name] for name in names]


class Workspace(Struct):
    """A contract's folder. `trust_inventory`: plugin and script inventories may be run, by ansible-inventory.

    `cache`: where what was compiled before is kept.
    """

    folder: Path
    now: datetime
    trust_inventory: bool = False
    cache: CompileCache = NO_CACHE

    @property
    def state(self) -> Path:
        """Where what happened is kept."""
        return self.folder / CONTRACT_STATE

    def compiled(self, *, day: date | None = None, recorded: bool = True) -> Compiled:
        """Return what lies on disk, compiled for a day (None: today in the contract's zone). Raise Refused if wrong.

        `recorded`: whether something may be recorded of it; else git is not asked for its commit.
        """
        tree = read_tree(self.folder)
        return self._compiled(tree, commits.head(self.folder, tree) if recorded else "", day)

    def compiled_with(self, head: Compiled, files: Mapping[str, bytes]) -> Compiled:
        """Given what lies on disk and files beside it, return both, compiled. Raise Refused if wrong."""
        return self._compiled({**head.tree, **files}, "", head.day)

    def compiled_at(self, name: str, *, day: date | None = None, head: Compiled | None = None) -> Compiled:
        """Given a commit's name, return what it holds, compiled. Raise Refused when it is wrong or not there.

        `head`: what was compiled already. Where its inventory is the same, that is not read again.
        """
        commit = commits.commit_of(self.folder, name)
        return self._compiled(commits.tree_at(self.folder, commit), commit, day, head=head)

    def compiled_tree(self, name: str, *, day: date | None = None) -> Compiled:
        """Given the name of a commit or of a tree, such as an index that was written, return it compiled, as above.

        Raise Refused as `compiled_head`.
        """
        tree = commits.commit_or_tree_of(self.folder, name)
        self._refuse_as_head(tree)
        return self._compiled(commits.tree_at(self.folder, tree), "", day)

    def compiled_head(self, name: str) -> Compiled:
        """Given the name of a commit that is to be planned, return it as `compiled_at` does.

        Raise Refused where a program prints the inventory, which would be that of the folder, and where the commit
        holds what no commit may hold.
        """
        commit = commits.commit_of(self.folder, name)
        self._refuse_as_head(commit)
        return self.compiled_at(commit)

    def _refuse_as_head(self, name: str) -> None:
        commits.refuse_state(self.folder, name)
        if self.trust_inventory:
            raise Refused(
                "--head cannot be used with --trust-inventory",
                hint="the inventory's programs are run from the directory only, never from a commit",
            )

    def contract(self) -> Contract:
        """Return what lies on disk, resolved and not compiled. Raise Refused if wrong."""
        return self._resolved(read_tree(self.folder))

    def contract_at(self, name: str) -> Contract:
        """Given a commit's name, return what it holds, resolved and not compiled. Raise Refused if wrong."""
        return self._resolved(commits.tree_at(self.folder, commits.commit_of(self.folder, name)))

    def _compiled(
        self, tree: dict[str, bytes], commit: str, day: date | None, *, head: Compiled | None = None
    ) -> Compiled:
        contract = self._resolved(tree, head)
        day = day or self.now.astimezone(ZoneInfo(contract.zone)).date()
        key = self.cache.key("work", contract.digest, day)
        cache = self.cache if self.is_kept(tree) else NO_CACHE
        if (work := cache.get(key)) is None:
            work = build(contract, day=day)
            if len(work) >= _WORTH_KEEPING:
                cache.put(key, work)
        return Compiled(tree, contract, work, commit, day, self.trust_inventory)

    def is_kept(self, tree: Mapping[str, bytes]) -> bool:
        """Whether files are all that decides over what a contract means: no program's inventory, nothing encrypted."""
        return not self.trust_inventory and next(iter(encrypted_files(tree)), None) is None

    def _resolved(self, tree: Mapping[str, bytes], head: Compiled | None = None) -> Contract:
        if self.is_kept(tree):
            key = self.cache.key("contract", digest(tree), date.min)
            contract: Contract | None = self.cache.get(key)
            if contract is None:
                is_same = head is not None and _inventory_files(head.tree) == _inventory_files(tree)
                contract = resolve(tree, inventory=head.contract.inventory if head and is_same else None)
                if len(contract.inventory.hosts) >= _WORTH_KEEPING:
                    self.cache.put(key, contract)
            return contract
        if not self.trust_inventory:
            files = {path: tree[path] for path in encrypted_files(tree)}
            return resolve(tree, encrypted=secrets.variables_of_encrypted(files))
        refuse_encrypted(tree)
        return resolve(tree, inventory=from_ansible_list(list_inventory(self.folder / "inventory")))

    def secrets(self, work: Iterable[Work], *, leniently: bool = False) -> Secrets:
        """Given hosts' work, return the secrets that its steps name.

        Raise Refused with all that cannot be had; `leniently`: leave those out, so that their steps become unknown.
        """
        references = _references(work)
        if not leniently:
            return secrets.resolve(references, self.folder)
        try:
            return secrets.resolve(references, self.folder)
        except Refused:
            return {reference: value for reference in references for value in self._one(reference)}

    def missing_secrets(self, work: Iterable[Work]) -> tuple[Problem, ...]:
        """Given hosts' work, return what is wrong with each secret that its steps name and that cannot be had."""
        try:
            secrets.resolve(_references(work), self.folder)
        except Refused as refused:
            return tuple(refused.problems)
        return ()

    def _one(self, reference: SecretReference) -> list[Secret]:
        try:
            return [secrets.resolve([reference], self.folder)[reference]]
        except Refused:
            return []


def _inventory_files(tree: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in tree.items() if path.startswith(_INVENTORY)}


def _references(work: Iterable[Work]) -> set[SecretReference]:
    """Return the secrets that hosts' steps name."""
    distinct = {id(of_host): of_host for of_host in work}.values()
    return {needed for of_host in distinct for step in of_host.make for needed in secrets_of(step)}


def actor() -> str:
    """Return who acts, for the ledger and for locks: OPSPACT_ACTOR where a pipeline says, else the person logged in."""
    return os.environ.get("OPSPACT_ACTOR") or os.environ.get("SUDO_USER") or getpass.getuser()


def context(head: Compiled, *, plan_digest: str = "") -> Context:
    """Given a compiled contract, return who records what, now, for it and from its commit."""
    return Context(
        at=now(),
        actor=actor(),
        contract=head.contract.name,
        commit=head.commit,
        plan_digest=plan_digest,
        redactor=redactor(head.contract),
    )


def redactor(contract: Contract) -> Redactor:
    """Given a contract, return what masks the secrets that its policies hide, and those that anybody would know."""
    # In the order of the files on hosts, so that both say that they mask by the same patterns.
    ordered = sorted(contract.redactions, key=lambda each: f"{each.name}.json")
    return _redactor(json.dumps([each.as_data() for each in ordered]))


@cache
def _redactor(redactions: str) -> Redactor:
    return Redactor(json.loads(redactions))


def now() -> datetime:
    """Return this instant in UTC: the one place in rollout that reads the clock."""
    return datetime.now(UTC)
