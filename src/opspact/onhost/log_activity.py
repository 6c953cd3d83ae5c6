"""Who used this host and how, and what is strange about it; however much strangers try, it stays of bounded size.

Comes in: activities, limits. Goes out: items of a result, and what the next review has to know. Part of the program
`log_review`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import pwd
from collections.abc import Iterator, Sequence
from typing import Any

from opspact.onhost.activity import Activity
from opspact.onhost.check import Item
from opspact.onhost.journal_gaps import SECOND
from opspact.onhost.log_lines import CONSOLE_SERVICES, LONGEST_COMMAND, LONGEST_NAME, named, shortened
from opspact.onhost.redaction import Redactor
from opspact.onhost.spool import utc

MOST_ACCOUNTS = 500  # that have an item
MOST_NAMES = 2000  # addresses, and names that strangers try, each; of more the rarest are forgotten
MOST_SHOWN = 20  # names or addresses in one item
MOST_LOGINS = 100
MOST_COMMANDS = 200
MOST_QUARTERS = 2000  # of an hour, in which there were logins that are not listed, of all accounts
QUARTER = 900  # seconds
MOST_CHANGES = 100
MOST_ANOMALIES = 200
MOST_TRIED = 64  # names that one address tried
MOST_KEPT = 150  # addresses and names with failures, each, for the next review
MOST_MARKS = 1500  # networks and keys, of all accounts, that are listed
MOST_LAST = 500  # accounts whose last login is kept
RECENT = 24 * 3600 * SECOND  # failures before a success that count
LARGEST_DETAILS = 300_000  # bytes of all logins and commands in one result
OF_DATABASES = "database"  # what stands behind the names of their accounts, which this host does not know
PASSWORD_METHODS = frozenset({"password", "keyboard-interactive/pam", "keyboard-interactive"})


class Account:
    """What one account did in the time that is reviewed."""

    def __init__(self) -> None:
        self.logins: list[list[str]] = []
        self.unlisted: dict[str, int] = {}  # by the quarter of an hour; without one if there are too many
        self.commands: list[list[str]] = []
        self.counts: dict[str, int] = {}
        self.last: list[Any] = []
        self.first = 0  # when it was used first
        self.networks: dict[str, str] = {}  # since when it logs in from there, and with that key
        self.keys: dict[str, str] = {}

    def count(self, what: str) -> None:
        """Add one to a count."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def use(self, what: str, at: int) -> None:
        """Count a use of the account."""
        self.first = self.first or at
        self.count(what)


class Source:
    """What came from one address, or was tried for one name, without success so far."""

    def __init__(self, kept: Sequence[int] = (0, 0, 0, 0)) -> None:
        self.failed, self.witness, self.dropped, self.at = kept
        self.totals = {"failed": 0, "witness": 0, "dropped": 0}  # in the time that is reviewed
        self.names: dict[str, None] = {}

    @property
    def attempts(self) -> int:
        """How often it failed: two witnesses speak of the same attempts."""
        return max(self.failed, self.witness, self.dropped)

    @property
    def total(self) -> int:
        """How many logins failed in the time that is reviewed."""
        return max(self.totals["failed"], self.totals["witness"])

    def add(self, kind: str, count: int, at: int) -> None:
        """Take a failure; those of more than a day before are forgotten."""
        if at - self.at > RECENT:
            self.reset()
        self.at = at
        self.totals[kind] += count
        setattr(self, kind, getattr(self, kind) + count)

    def reset(self) -> None:
        """Forget the failures: a login has ended them."""
        self.failed = self.witness = self.dropped = 0

    def kept(self) -> list[int]:
        """Return what the next review has to know."""
        return [self.failed, self.witness, self.dropped, self.at]


class Review:
    """Adds up what was done."""

    def __init__(self, settings: dict[str, Any], kept: dict[str, Any], redactor: Redactor) -> None:
        self.limits = settings
        self.redactor = redactor
        self.accounts: dict[str, Account] = {}
        self.unnamed = 0  # accounts beyond those that are kept
        self.addresses = {str(name): Source(each) for name, each in kept.get("addresses", {}).items()}
        self.names = {str(name): Source(each) for name, each in kept.get("names", {}).items()}
        self.last: dict[str, list[Any]] = dict(kept.get("last", {}))
        self.marks = 0
        self.unlisted = 0  # networks and keys beyond those that are listed
        self.changes: dict[str, list[Any]] = {}
        self.found: dict[tuple[str, str], Item] = {}
        self.more = 0
        self.size = 0
        self.quarters = 0
        self.forgotten = 0

    def add(self, one: Activity) -> None:
        """Take one activity."""
        getattr(self, f"_{one.kind.replace(' ', '_')}")(one._replace(user=named(one.user), address=named(one.address)))

    def account(self, name: str) -> Account:
        """Return an account's record; beyond a bound, one that nobody reads."""
        if name not in self.accounts and len(self.accounts) >= MOST_ACCOUNTS:
            self.unnamed += 1
            return Account()
        return self.accounts.setdefault(name, Account())

    def add_anomaly(self, kind: str, subject: str, verdict: str, *, message: str, at: int) -> None:
        """Note something strange; the same again is counted."""
        known = self.found.get((kind, subject))
        if known:
            known.update(message=message, count=known["count"] + 1, last=utc(at / SECOND))
        elif len(self.found) >= MOST_ANOMALIES:
            self.more += 1
        else:
            when = utc(at / SECOND)
            self.found[kind, subject] = anomaly(kind, subject, verdict, message=message, first=when, last=when, count=1)

    def _login(self, one: Activity) -> None:
        account, by = self.account(one.user), f"{one.method}{f' {one.detail}' if one.detail else ''}"
        account.use("logins", one.at)
        before = self.last.get(one.user)
        if before and one.at - before[0] >= self.limits["dormant_after"] * SECOND:
            days = (one.at - before[0]) // (86400 * SECOND)
            text = f"{one.user} logged in from {one.address} by {one.method} after {days} days without a login."
            self.add_anomaly("dormant account", one.user, "warning", message=text, at=one.at)
        self.last[one.user] = account.last = [one.at, one.address, by]
        self._mark(account.networks, network(one.address), one.at)
        self._mark(account.keys, one.detail, one.at)
        if len(account.logins) < MOST_LOGINS and self._has_room(by, one.address):
            account.logins.append([utc(one.at / SECOND), one.address, by])
        else:
            self._count_unlisted(account, one.at)
        self._judge_login(one)

    def _count_unlisted(self, account: Account, at: int) -> None:
        """Count a login that is not listed, so that it is still known when it was."""
        quarter = utc(at // SECOND // QUARTER * QUARTER)
        if quarter not in account.unlisted:
            quarter = quarter if self.quarters < MOST_QUARTERS else ""
            self.quarters += 1
        account.unlisted[quarter] = account.unlisted.get(quarter, 0) + 1

    def _mark(self, known: dict[str, str], mark: str, at: int) -> None:
        """Note since when something is used; what is usual on this host is kept elsewhere."""
        if not mark or mark in known:
            return
        if self.marks >= MOST_MARKS:
            self.unlisted += 1
            return
        self.marks += 1
        known[mark] = utc(at / SECOND)

    def _judge_login(self, one: Activity) -> None:
        source, name = self.addresses.get(one.address), self.names.get(one.user)
        limit, is_password = self.limits["failures_then_success"], one.method in PASSWORD_METHODS
        is_typed = is_password or one.method in CONSOLE_SERVICES
        before = [source.attempts] if source and one.at - source.at <= RECENT else [0]
        before += [name.attempts] if name and is_typed and one.at - name.at <= RECENT else []
        if max(before) >= limit:
            text = f"{one.user} logged in from {one.address} by {one.method} after {max(before)} failed attempts."
            self.add_anomaly("failures then success", one.user, "critical", message=text, at=one.at)
        for each in (source, name if is_typed else None):
            if each:
                each.reset()
        if one.user == "root" and self.limits["root_logins"] == "forbidden":
            text = f"root logged in from {one.address} by {one.method}."
            self.add_anomaly("root login", "root", "warning", message=text, at=one.at)
        if is_password and self.limits["passwords"] == "forbidden":
            text = f"{one.user} logged in from {one.address} with a password; keys are required."
            self.add_anomaly("password login", one.user, "warning", message=text, at=one.at)

    def _failed(self, one: Activity) -> None:
        for table, key in ((self.addresses, one.address), (self.names, one.user)):
            if key:
                self.forgotten += prune_table(table)
                table.setdefault(key, Source()).add(one.kind, one.times, one.at)
        source = self.addresses.get(one.address)
        if one.address and source and one.kind != "witness" and len(source.names) < MOST_TRIED:
            source.names[one.user] = None

    _witness = _dropped = _failed

    def _session(self, one: Activity) -> None:
        self.account(one.user).use(f"{one.method} sessions", one.at)

    def _command(self, one: Activity) -> None:
        account = self.account(one.user)
        account.use("sudo commands", one.at)
        self._list_command(account, one, shortened(one.method, LONGEST_NAME))

    def _unproven(self, one: Activity) -> None:
        account = self.account(one.user)
        account.count("unproven sudo commands")
        self._list_command(account, one, f"{shortened(one.method, LONGEST_NAME)} (unproven)")

    def _list_command(self, account: Account, one: Activity, target: str) -> None:
        command = shortened(self.redactor.masked(one.detail), LONGEST_COMMAND)
        if len(account.commands) < MOST_COMMANDS and self._has_room(command):
            account.commands.append([utc(one.at / SECOND), target, command])

    def _refused(self, one: Activity) -> None:
        self.account(one.user).count("refused sudo commands")
        command = shortened(self.redactor.masked(one.detail), LONGEST_COMMAND)
        text = f"sudo refused {one.user}: {shortened(one.method, 100)}: {command}"
        self.add_anomaly("refused sudo", one.user, "warning", message=text, at=one.at)

    def _change(self, one: Activity) -> None:
        text = shortened(f"{one.method}: {self.redactor.masked(one.detail)}", LONGEST_COMMAND)
        if text in self.changes:
            self.changes[text][1:] = [utc(one.at / SECOND), self.changes[text][2] + 1]
        elif len(self.changes) < MOST_CHANGES:
            self.changes[text] = [utc(one.at / SECOND)] * 2 + [1]
        else:
            self.more += 1

    def _database(self, one: Activity) -> None:
        where = f"{OF_DATABASES} {shortened(one.detail, LONGEST_NAME)}" if one.detail else OF_DATABASES
        self.account(f"{one.user} ({where})").use("database logins", one.at)
        source = self.names.get(f"{one.user} ({OF_DATABASES})")
        if not source:
            return
        if source.attempts >= self.limits["failures_then_success"] and one.at - source.at <= RECENT:
            text = f"{one.user} logged in to {where} after {source.attempts} failed attempts."
            self.add_anomaly("failures then success", f"{one.user} ({where})", "critical", message=text, at=one.at)
        source.reset()

    def _database_failed(self, one: Activity) -> None:
        address = "" if one.address == "localhost" else one.address  # all programs of this host are there
        self._failed(one._replace(kind="failed", user=f"{one.user} ({OF_DATABASES})", address=address))

    def _has_room(self, *texts: str) -> bool:
        self.size += sum(len(text.encode("utf-8", "replace")) for text in texts) + 80
        return self.size <= LARGEST_DETAILS

    def anomalies(self) -> list[Item]:
        """Return what is strange, as items."""
        for address, source in self.addresses.items():
            if len(source.names) >= self.limits["many_users"]:
                names = listed(source.names)
                text = f"{address} tried {len(source.names)} accounts: {names}."
                self.add_anomaly("many users", address, "warning", message=text, at=source.at)
        for name, source in self.names.items():
            if source.total >= self.limits["failed_logins"] and (
                name.endswith(f"({OF_DATABASES})") or is_account(name)
            ):
                text = f"{source.total} logins of {name} failed."
                self.add_anomaly("failed logins", name, "warning", message=text, at=source.at)
        for text, (first, last, count) in self.changes.items():
            subject = digest(text)
            self.found["account tool", subject] = anomaly(
                "account tool", subject, "warning", message=f"{text}.", first=first, last=last, count=count
            )
        found = list(self.found.values())
        if self.unlisted:
            text = (
                f"Accounts logged in from more than {MOST_MARKS} networks and keys: {self.unlisted} are not compared."
            )
            found.append(anomaly("not fully reviewable", "networks", "unknown", message=text))
        if self.more:
            text = f"{self.more} more are not listed."
            found.append(anomaly("anomalies", "", "unknown", message=text, first="", last="", count=self.more))
        return found

    def used(self) -> Iterator[Item]:
        """Yield an item for each account that was used, or was used before."""
        for name in sorted({*self.accounts, *self.last}):
            account = self.accounts.get(name, Account())
            if name in self.limits["accounts_ignored"]:
                continue
            failed = self.names[name].total if name in self.names else 0
            counts = {**account.counts, **({"failed logins": failed} if failed else {})}
            facts: Item = {"logins": account.logins, "commands": account.commands, "counts": counts}
            if account.unlisted:
                facts["unlisted"] = account.unlisted
            if account.first:
                facts |= {"first": utc(account.first / SECOND), "networks": account.networks, "keys": account.keys}
            yield {"item": "account", "subject": name, "verdict": "ok", "message": self._said(name, counts), **facts}
        if self.unnamed:
            text = f"Activities of more than {MOST_ACCOUNTS} accounts: {self.unnamed} are not listed."
            yield {"item": "account", "subject": "", "verdict": "unknown", "message": text}

    def _said(self, name: str, counts: dict[str, int]) -> str:
        last = self.last.get(name)
        words = f"last login {utc(last[0] / SECOND)} from {last[1]} by {last[2]}" if last else "no login known"
        parts = (f"{count} {what[:-1] if count == 1 else what}" for what, count in counts.items())
        done = ", ".join(parts) or "not used since the last review"
        return f"{words}; {done}."

    def failed_items(self) -> Iterator[Item]:
        """Yield what failed, by address and by name, the most frequent first."""
        for what, table in (("address", self.addresses), ("name", self.names)):
            counts = {name: source.total for name, source in table.items() if source.total}
            if not counts:
                continue
            ranked = sorted(counts, key=lambda name: (-counts[name], name))
            text = ", ".join(f"{name} ({counts[name]})" for name in ranked[:MOST_SHOWN])
            rest = len(ranked) - MOST_SHOWN
            text = f"Failed logins by {what}: {text}{f' and {rest} more' if rest > 0 else ''}."
            facts = {"value": sum(counts.values()), "unit": "attempts"}
            yield {"item": "failed logins", "subject": f"by {what}", "verdict": "ok", "message": text, **facts}
        if self.forgotten:
            text = f"{self.forgotten} more addresses and names that rarely failed are not counted."
            yield {"item": "failed logins", "subject": "others", "verdict": "ok", "message": text}

    def kept(self) -> dict[str, Any]:
        """Return what the next review has to know."""

        def newest(table: dict[str, Source]) -> dict[str, list[int]]:
            pending = [name for name, source in table.items() if source.attempts]
            pending.sort(key=lambda name: -table[name].attempts)
            return {name: table[name].kept() for name in pending[:MOST_KEPT]}

        last = sorted(self.last, key=lambda name: -self.last[name][0])[:MOST_LAST]
        return {
            "addresses": newest(self.addresses),
            "names": newest(self.names),
            "last": {name: self.last[name] for name in last},
        }


def anomaly(kind: str, subject: str, verdict: str, *, message: str, **facts: Any) -> Item:
    """Return an item for something strange; `id` is the same whenever the same is seen again."""
    identity = digest(f"{kind}\n{subject}")
    return {"item": kind, "subject": subject, "verdict": verdict, "message": message, "id": identity, **facts}


def network(address: str) -> str:
    """Return the network of an address: /24, or /64 of IPv6; what is no address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{24 if parsed.version == 4 else 64}", strict=False))  # noqa: PLR2004 - versions of IP


def digest(text: str) -> str:
    """Return a short name for a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def listed(names: Sequence[str] | dict[str, None]) -> str:
    """Return names as a list for people, at most so many of them."""
    shown = list(names)[:MOST_SHOWN]
    return ", ".join(shown) + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")


def is_account(name: str) -> bool:
    """Whether this host has such an account."""
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True


def prune_table(table: dict[str, Source]) -> int:
    """Remove those that failed least from a table that is twice too large; return how many."""
    if len(table) < 2 * MOST_NAMES:
        return 0
    ranked = sorted(table, key=lambda name: (table[name].attempts, table[name].at))
    for name in ranked[:MOST_NAMES]:
        del table[name]
    return MOST_NAMES
