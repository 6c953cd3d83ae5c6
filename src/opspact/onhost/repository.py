"""Look after the repositories that clients may only add to: compare, prune and check them on the backup server itself.

Comes in: `repository.py CONFIG.json prune|check` (or `accept CLIENT`), a file of `{"job", "base", "repository",
"clients": […], "policies": {name: {"keep": {"monthly": 12}, "rpo": seconds}}, "passphrase_path", "verify_data": bool}`;
a client's repository is BASE/CLIENT/REPOSITORY. Holds no secret.
Goes out: pruned or checked repositories and one result in the spool, with an item for each client's repository: its
`client`, `repository`, `problem` and the names of the archives `affected`. Run by systemd as the account that owns
them, with the host's python3 (3.9 or newer) and borg 1.2.

A client with a stolen key can still delete archives, overwrite the repository's key, or add archives with false times
so that the keep rules drop the true ones; appended, all this frees nothing until somebody compacts. So every run first
compares with what it remembers, and leaves a repository alone (critical) until a person says `accept`. It holds
the lock which every client's session shares (docs/decisions/0002-backups.md): nothing changes between look and prune.

What is in a repository when a check finds damage is suspect for good: a repair makes the repository sound, and not the
archives, which have zeros then where data was lost. So is what comes before a check finds the repository sound again.
Until then nothing is pruned either.
Ends with 0 when all is in order or merely late, with 1 when something is critical or failed, with 75 when still at it.
"""

from __future__ import annotations

import configparser
import re
import sys
import time
from pathlib import Path

from opspact.onhost.copy_archive import STAMPED
from opspact.onhost.file_manifest import MANIFEST_ENDING
from opspact.onhost.repository_access import (
    PROBLEMS,
    UNPROVEN,
    WORST_LAST,
    Archives,
    Facts,
    Repository,
    RepositoryRefused,
    compare_key,
    final_names,
    orphan_manifests,
)
from opspact.onhost.spool import CannotRun, failure_text, open_spool, read_configuration, utc

UNPROVEN_KEPT = "30d"
LONGEST_BACKUP = 2 * 86400  # seconds that an archive may be older than the look before the one that first sees it
CLOCKS_DIFFER = 3600  # seconds that a client's clock may be ahead
WAITED_FOR = {"busy", "absent"}  # problems that make a run skipped, not failed
SHOWN = 10  # archives that a message names


def compare(repository: Repository, now: Archives) -> None:
    """Compare with what is remembered. Raise RepositoryRefused when something was done that backups never do."""
    memory, names = repository.memory(), {archive["name"] for archive in now.values()}
    ahead = [archive["name"] for archive in now.values() if archive["time"] > time.time() + CLOCKS_DIFFER]
    if ahead:
        raise RepositoryRefused(f"archives have a time in the future: {', '.join(ahead[:SHOWN])}", "false_times", ahead)
    if not memory:
        return
    gone = [
        archive["name"]
        for id_, archive in memory["archives"].items()
        if id_ not in now and id_ not in memory["pruning"]
    ]
    if gone:
        described = [
            name + (" (replaced by another archive with this name)" if name in names else "") for name in gone[:SHOWN]
        ]
        raise RepositoryRefused(
            f"archives are missing that were not pruned here: {', '.join(described)}", "vanished", gone
        )
    oldest = memory["seen_at"] - LONGEST_BACKUP
    new = [one for id_, one in now.items() if id_ not in memory["archives"] and not one["name"].startswith(UNPROVEN)]
    if late := [one["name"] for one in new if one["time"] < oldest]:
        message = f"new archives have a time in the past: {', '.join(late[:SHOWN])}"
        raise RepositoryRefused(message, "false_times", late)


def prune(repository: Repository, configuration: Facts, before: Archives) -> list[str]:
    """Prune by the keep rules and free the space; return the pruned copies' names. Raise RepositoryRefused.

    Never while there is damage: what compact frees then cannot be repaired any more. The newest copy of each policy
    that passed a restore test stays, whatever the keep rules say: borg says what it would prune, and is given the rest.
    A copy's manifest goes with it.
    """
    memory = repository.memory()
    if memory.get("is_damaged"):
        words = f"it has been damaged since {memory['damaged_at']}, and is pruned when a check finds it sound again"
        raise RepositoryRefused(words, "damaged", repository.suspect_archives(before))
    rules = [
        ["--glob-archives", f"{policy}-{STAMPED}", *(f"--keep-{unit}={count}" for unit, count in rule["keep"].items())]
        for policy, rule in configuration["policies"].items()
    ]
    rules.append(["--glob-archives", f"{UNPROVEN}*", f"--keep-within={UNPROVEN_KEPT}"])
    planned: set[str] = set()
    for rule in rules:
        planned.update(re.findall(r"Would prune:\s+(\S+)", repository.borg("prune", "--dry-run", "--list", *rule)))
    passed = {copy["id"] for copy in repository.good_copies().values()}
    doomed = {id_: one["name"] for id_, one in before.items() if one["name"] in planned and id_ not in passed}
    doomed |= orphan_manifests(before, doomed)
    repository.remember(before, list(doomed))
    if doomed:
        repository.borg("delete", archives=list(doomed.values()))
        repository.borg("compact")
    after = repository.archives()
    gone = {archive["name"] for id_, archive in before.items() if id_ not in after}
    if gone != {*doomed.values()}:
        others = sorted(gone ^ {*doomed.values()})
        raise RepositoryRefused(
            f"pruning deleted other archives than planned: {', '.join(others)}", "pruned_others", others
        )
    repository.remember(after, [])
    return sorted(name for name in gone if not name.endswith(MANIFEST_ENDING))


def check(repository: Repository, configuration: Facts, before: Archives) -> list[str]:
    """Check the repository, its data too when the policy asks; return nothing. Raise RepositoryRefused if damaged."""
    memory = repository.memory()
    try:
        repository.borg("check", *(["--verify-data"] if configuration.get("verify_data") else []))
    except RepositoryRefused as error:
        if error.problem == "damaged":
            since = memory["damaged_at"] if memory.get("is_damaged") else utc(time.time())
            suspect = sorted(final_names(before))
            repository.remember(before, [], is_damaged=True, damaged_at=since, suspect=suspect)
            raise RepositoryRefused(str(error), "damaged", suspect) from error
        raise
    repository.remember(before, [], is_damaged=False, suspect=repository.suspect_archives(before))
    return []


def accept(repository: Repository, _: Facts, before: Archives) -> list[str]:
    """Take the repository as it is now for what it should be; return nothing."""
    repository.remember(before, [])
    return []


def compare_only(_: Repository, __: Facts, ___: Archives) -> list[str]:
    """Do nothing more than was done already, which is to compare; return nothing."""
    return []


ACTIONS = {"prune": prune, "check": check, "accept": accept}


def newest(archives: Archives, policies: Facts, suspects: list[str]) -> tuple[str, list[str], Facts]:
    """Given archives, policies with their `rpo` (seconds) and the suspect archives, return what stands for copies.

    That is a verdict, complaints, and of each policy the newest archive that is not suspect.
    """
    verdict, complaints, found = "ok", [], {}
    for policy, rule in policies.items():
        pattern = re.compile(re.escape(policy) + r"-\d{8}T\d{6}Z")
        known = [archive for archive in archives.values() if pattern.fullmatch(archive["name"])]
        times = {archive["time"]: archive["name"] for archive in known if archive["name"] not in suspects}
        found[policy] = {"name": times[max(times)], "started": utc(max(times))} if times else None
        age = time.time() - max(times) if times else 0.0
        if known and not times:
            verdict, complaint = "critical", f"there is no backup of {policy} since damage was found"
        elif not times and "rpo" not in rule:
            continue  # rows are archived when there are some
        elif not times:
            verdict, complaint = max(verdict, "warning", key=WORST_LAST.index), f"there is no backup of {policy} yet"
        elif rule.get("rpo") and age > rule["rpo"]:
            verdict, complaint = "critical", f"the newest backup of {policy} is {age / 86400:.1f} days old"
        else:
            continue
        complaints.append(complaint)
    return verdict, complaints, found


def run_on_one(configuration: Facts, client: str, action: str) -> Facts:
    """Carry the action out on one client's repository (`compare`: none) and return the item that says how it went."""
    repository, name = Repository(configuration, client), configuration["repository"]
    about: Facts = {"item": "repository", "subject": f"{client}/{name}", "client": client, "repository": name}
    about.update(path=str(repository.path), action=action, problem="", affected=[])
    try:
        with repository.clients_kept_out(configuration.get("patience", 3600)):
            if action != "accept":
                compare_key(repository)
            archives = repository.archives()
            if action != "accept":
                compare(repository, archives)
            gone = ACTIONS.get(action, compare_only)(repository, configuration, archives)
            suspects = repository.suspect_archives(archives)
            verdict, complaints, found = newest(archives, configuration["policies"], suspects)
            about.update(suspect=[name for name in suspects if name not in gone])
            about.update(damaged_at=repository.memory().get("damaged_at", ""))
    except RepositoryRefused as error:
        about.update(problem=error.problem, affected=error.affected)
        return {**about, "verdict": error.verdict, "message": f"{repository.path} was skipped: {error}."}
    except (OSError, ValueError, LookupError, configparser.Error) as error:
        about.update(problem="error")
        return {
            **about,
            "verdict": PROBLEMS["error"],
            "message": f"{repository.path} was skipped: {failure_text(error)}.",
        }
    left = sum(not one["name"].endswith(MANIFEST_ENDING) for one in archives.values()) - len(gone)
    message = f"{repository.path}: {action} done, {left} archives"
    message += "".join(f"; {complaint}" for complaint in complaints)
    size = sum(file.stat().st_size for file in repository.path.rglob("*") if file.is_file())
    about.update(verdict=verdict, message=f"{message}.", archives=left, bytes=size)
    return {**about, "pruned": gone, "copies": found}


def run_on_all(configuration: Facts, action: str, clients: list[str]) -> Facts:
    """Carry the action out for the clients, or for all, and return what that left.

    Of the other clients' repositories it is said how they stand: the newest result speaks for all of them.
    """
    name = configuration["repository"]
    there = {path.parent.name for path in Path(configuration["base"]).glob(f"*/{name}") if path.is_dir()}
    everyone = sorted({*there, *configuration["clients"], *clients})
    chosen = clients or everyone
    items = [run_on_one(configuration, each, action if each in chosen else "compare") for each in everyone]
    problems = {item["problem"] for item in items} - {""}
    outcome = "failed" if problems - WAITED_FOR else "skipped" if problems or not items else "done"
    verdict = max([item["verdict"] for item in items] or ["warning"], key=WORST_LAST.index)
    bad = [item["message"] for item in items if item["verdict"] != "ok"]
    message = " ".join(bad) or f"{action} done in {len(items)} repositories."
    message = message if items else "There is no repository."
    return {"outcome": outcome, "verdict": verdict, "message": message, "items": items, "action": action}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    path, action, *clients = [*arguments, "", ""][: max(2, len(arguments))]
    if action not in ACTIONS or bool(clients) is not (action == "accept"):
        return 2, "usage: repository.py CONFIG.json prune|check|accept CLIENT…"
    try:
        configuration = read_configuration(path)
        with open_spool(configuration) as spool:
            result = spool.keep(run_on_all(configuration, action, clients))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"repository: {error}"
    status = int(result["outcome"] == "failed" or result["verdict"] == "critical")
    return status, f"{spool.job} {action}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
