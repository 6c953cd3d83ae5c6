"""What ci/demo runs: the reference contract on real hosts: applied, changed by hand, fixed, a policy removed.

In: the repository's policies, a lab. Out: a transcript, and a directory `.demo` with the contract, the compiled project
and the ledger. Every command in it is one that a user types.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from labkit import Lab, LabError
from labkit.hours import at_any_hour

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
CONTRACT = DEMO / "contract"
PROJECT = DEMO / "project"
PLAN = DEMO / "plan.json"
SIGNING_KEY = DEMO / "customer-key"
OPSPACT = ROOT / ".venv" / "bin" / "opspact"
CLEAN, FINDINGS, REFUSED = 0, 1, 2
TODAY = date.today()  # noqa: DTZ011 - the demo happens where it runs
ENDS_IN_TIME = {"OP308", "OP317", "OP361"}
"""Findings that come as the year ends: of the hours of rosters, of certificates, of the days that a calendar knows."""
SHOWN = 80  # characters of a command made by hand

STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK7Wq1vC0mN0aYk1p0bq1jv3vJx0Zc3o2l5n8s9tUvWx stranger"
BY_HAND = (
    ("app1", "systemctl stop nginx", "nginx is stopped"),
    ("app2", "sed -i s/80/81/ /etc/nginx/sites-available/oa", "a managed file is edited"),
    ("db1", "rm /etc/systemd/system/opspact-inspection-daily-servers.timer", "a timer is deleted"),
    ("backup1", f"echo '{STRANGER}' >> /home/zhang-wei/.ssh/authorized_keys", "a key is added"),
)


DATA_CARE = ("db1", "systemctl start opspact-data_care-purge-audit-trail.service", "data care is started")
RESTORED = ("--host", "db1", "--database", "oa", "--as", "oa_yesterday")
EMERGENCY = "database-emergency"
FORBIDDEN = ("app1", "rm /srv/oa/index.html; chmod 700 /srv/oa", "the page is lost")
DOCUMENT = DEMO / "emergency.html"
LOST = "app2"

LEAVE = """\
kind: override
name: a-night-off
roster: hotline-night
from: {night}T17:00
to: {morrow}T17:00
away: he-jing
reason: leave
"""
CUSTOMER = """\
kind: person
name: sun-yue
clauses: [H3]
text: {{zh: 孙悦, en: Sun Yue}}
teams: [customer]
from: 2026-01-01
signing_keys: [{{key: {key}}}]
"""
"""Who approves for the customer, by signature."""
FIRST_NIGHT, NIGHTS = date(2026, 1, 3), 4
"""He Jing's first night on the hotline, and after how many the next one comes: four people take turns."""


class StoryBroken(Exception):  # noqa: N818 - named after what it means
    """A command did not end as expected."""


def scene(title: str) -> None:
    """Print the title of a scene."""
    print(f"\n\033[1m── {title}\033[0m" if sys.stdout.isatty() else f"\n── {title}", flush=True)


def opspact(*arguments: str, expected: int = CLEAN) -> None:
    """Run opspact on the demo's contract as a user would. Raise StoryBroken for another exit code than expected."""
    print(f"$ opspact {' '.join(arguments)}", flush=True)
    done = subprocess.run([OPSPACT, "--contract", str(CONTRACT), *arguments], check=False)
    if done.returncode != expected:
        raise StoryBroken(f"opspact {' '.join(arguments)}: exit code {done.returncode}, expected {expected}")


def git(*arguments: str) -> None:
    """Run git in the demo's contract."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in AUTHOR.items()}
    command = ["git", "-C", str(CONTRACT), "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | who)


AUTHOR = {"NAME": "Demo", "EMAIL": "demo@example.com"}


def write_contract() -> None:
    """Copy the reference contract into a repository of its own, from this year on, with a vault and its password.

    Its windows allow changes whenever the demo runs.
    """
    shutil.rmtree(DEMO, ignore_errors=True)
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, CONTRACT / part)
    written = CONTRACT / "policies" / "contract.yaml"
    years = f"period: {TODAY.year}-01-01..{TODAY.year + 2}-12-31"
    written.write_text(re.sub("(?m)^period: .*$", years, written.read_text(encoding="utf-8")), encoding="utf-8")
    rollout = CONTRACT / "policies" / "rollout.yaml"
    rollout.write_text(rollout.read_text(encoding="utf-8").replace("settle: 2m", "settle: 1s"), encoding="utf-8")
    windows = CONTRACT / "policies" / "windows.yaml"
    windows.write_text(at_any_hour(windows.read_text(encoding="utf-8")), encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f", SIGNING_KEY], check=True)
    key = SIGNING_KEY.with_suffix(".pub").read_text(encoding="utf-8").strip()
    (CONTRACT / "policies" / "customer.yaml").write_text(CUSTOMER.format(key=key), encoding="utf-8")
    password = DEMO / "vault-password"
    password.touch(mode=0o600)
    password.write_text(f"{secrets.token_urlsafe(24)}\n", encoding="utf-8")
    os.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    vault = OPSPACT.with_name("ansible-vault")
    subprocess.run(
        [vault, "encrypt", "--output", CONTRACT / "secrets.vault.yaml", "-"],
        input=f"borg: {secrets.token_urlsafe(24)}\n",
        text=True,
        check=True,
        capture_output=True,
    )


def commit_contract(message: str) -> None:
    """Commit all of the demo's contract."""
    if not (CONTRACT / ".git").exists():
        git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def without_hosts(reason: str) -> None:
    """Run the half that needs no hosts."""
    print(f"The lab cannot run on this machine: {reason}\nRunning the half that needs no hosts.")
    write_contract()
    commit_contract("The contract")
    pure_half()
    scene("What the first apply would do")
    opspact("plan")
    print("\nWith root and Linux namespaces, ci/demo continues on real hosts.")


def a_night_off(since: date) -> str:
    """Given a day, return an override that puts He Jing on leave on the next night, without a substitute."""
    night = since + timedelta(days=(FIRST_NIGHT - since).days % NIGHTS)
    return LEAVE.format(night=night, morrow=night + timedelta(days=1))


def without_errors() -> None:
    """Check the contract. What ends in time may be reported; anything else is a failure."""
    said = subprocess.run(
        [OPSPACT, "--contract", str(CONTRACT), "check", "--format", "json"], capture_output=True, check=False
    )
    found = json.loads(said.stdout)["findings"]
    others = {each["code"] for each in found if each["severity"] != "note"} - ENDS_IN_TIME
    if others:
        raise StoryBroken(f"opspact check: {', '.join(sorted(others))}")
    opspact("check", expected=said.returncode)


def pure_half() -> None:
    """Check and compile."""
    scene("1. Check the policies: are they valid, and can the promises be kept?")
    without_errors()
    scene("2. Somebody is on leave for a night without a substitute: reported before the merge")
    leave = CONTRACT / "policies" / "leave.yaml"
    text = a_night_off(TODAY + timedelta(days=7))
    leave.write_text(text, encoding="utf-8")
    print(text, end="")
    opspact("check", expected=FINDINGS)
    leave.unlink()
    scene("3. Compile the policies to an Ansible project, which also runs without opspact")
    opspact("compile", "--out", str(PROJECT))


def apply_all() -> None:
    """Apply everything, which verifies it."""
    scene("4. Apply the policies to four hosts in two sites, and verify them")
    opspact("apply", "--yes")


def carry_out(lab: Lab) -> None:
    """Carry out what is due on schedule now, and restore a database."""
    scene("5. Run inspections and a review of logs now instead of waiting for their timers")
    print("The hosts of the lab have no time service: of the clock nothing is known, and inspect says so.")
    opspact("inspect", "run", "daily-servers", expected=FINDINGS)
    opspact("inspect", "run", "daily-database")
    opspact("qc", "chart", "daily-database")
    opspact("inspect", "run", "daily-logins")
    opspact("library", "check")
    scene("6. Data care: old rows are archived on another host, read back, compared and only then deleted")
    by_hand(lab, DATA_CARE)
    opspact("inspect", "collect")
    scene("7. A backup, and its restore test: each file compared with the manifest, each table counted")
    opspact("backup", "run", "daily-incremental")
    opspact("backup", "drill", "daily-incremental")
    opspact("backup", "restore", "daily-incremental", *RESTORED, "--yes")
    opspact("backup", "status")


def open_for_a_while() -> None:
    """Grant emergency access, show it and revoke it."""
    scene("8. Emergency access: open for two hours, closed by the host itself or before")
    opspact("access", "grant", EMERGENCY, "--person", "zhang-wei", "--for", "2h", "--reason", "the disk fills up")
    opspact("access", "revoke", EMERGENCY)
    opspact("access", "show")


def by_hand(lab: Lab, change: tuple[str, str, str]) -> None:
    """Run a command on a host as root, as somebody does who is logged in there."""
    host, command, what = change
    print(f"{host:8} {what:25} {command if len(command) < SHOWN else f'{command[: SHOWN - 1]}…'}", flush=True)
    done = lab.root(host, command)
    if done.rc != 0:
        raise StoryBroken(f"{host}: {command}: {done.err}")


def detect_drift(lab: Lab) -> None:
    """Change four hosts by hand, and have the drift reported."""
    scene("9. Somebody changes hosts by hand")
    for change in BY_HAND:
        by_hand(lab, change)
    scene("10. Drift: what differs although no policy changed, since when, and who applied there last")
    opspact("drift", expected=FINDINGS)


def change_policies() -> None:
    """Remove a policy and reduce another; apply what the plan shows once the customer has approved it."""
    scene("11. A pull request removes a policy and keeps backups for a shorter time: its plan says who must approve it")
    access, backups = (CONTRACT / "policies" / name for name in ("access.yaml", "backups.yaml"))
    kept = access.read_text(encoding="utf-8").split("\n---\n")
    access.write_text("\n---\n".join(part for part in kept if "name: hotline" not in part) + "\n", "utf-8")
    backups.write_text(backups.read_text(encoding="utf-8").replace("weekly: 26", "weekly: 13"), "utf-8")
    commit_contract("The hotline needs no access to the web servers, 13 weeks of backups are enough")
    opspact("plan", "--base", "HEAD~1")
    scene("12. Without the approval nothing is done; with it, exactly that plan, and what was changed by hand is fixed")
    opspact("apply", "--yes", expected=REFUSED)
    opspact("plan", "--live", "--out", str(PLAN))
    opspact("plan", "approve", str(PLAN), "--key", str(SIGNING_KEY))
    opspact("apply", str(PLAN), "--yes")
    scene("13. Apply again: nothing to do, Ansible is not started")
    opspact("apply", "--yes")


def emergency(lab: Lab) -> None:
    """Have an emergency noticed, find its runbook, run it, and write the customer's document of that."""
    scene("14. An emergency: noticed by an inspection, its runbook found by the symptom, cured, and documented")
    by_hand(lab, FORBIDDEN)
    host = FORBIDDEN[0]
    opspact("inspect", "run", "hourly-web", "--limit", host, expected=FINDINGS)
    opspact("runbook", "search", "页面打不开 403 forbidden", "--limit", "1")
    run = json.loads(opspact_output("runbook", "run", "repair-browser", "--host", host, "--format", "json"))["run"]
    DOCUMENT.write_text(opspact_output("runbook", "show", run, "--format", "html"), encoding="utf-8")
    print(f"The document for the customer: {DOCUMENT.relative_to(ROOT)}")


def opspact_output(*arguments: str) -> str:
    """Run opspact on the demo's contract, and return what it prints. Raise StoryBroken when it fails."""
    print(f"$ opspact {' '.join(arguments)}", flush=True)
    command = [str(OPSPACT), "--contract", str(CONTRACT), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != CLEAN:
        raise StoryBroken(f"opspact {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def rebuild(lab: Lab) -> None:
    """Rebuild a host from the bare system by policies and backups."""
    scene("15. A web server is lost with its disk; its bare successor is rebuilt from policies and backups")
    print("The monthly backup has not run yet: rebuild says what no copy has, and ends with 1 for that.")
    lab.reset(LOST)
    opspact("rebuild", LOST, "--yes", expected=FINDINGS)


def evidence() -> None:
    """Show the evidence, and where it is stored."""
    scene("16. Status for the person on duty: what is failed, late, unknown, due soon")
    opspact("status")
    scene("17. Trace a clause to its evidence, verify the ledger")
    opspact("trace", "D5")
    opspact("ledger", "verify")
    here = DEMO.relative_to(ROOT)
    for what, where in (
        ("ledger: what was applied and checked, by whom", f"{here}/contract/.opspact/ledger.sqlite3"),
        ("Ansible project: each task with policy and clause", f"{here}/project/site.yml"),
        ("manifest: what opspact manages on a host", "HOST:/var/lib/opspact/manifests/office-automation.json"),
        ("results of inspections and backups", "HOST:/var/lib/opspact/spool/"),
        ("the record of the emergency, for the customer", f"{here}/emergency.html"),
        ("backups", "backup1:/srv/opspact-backup/HOST/"),
    ):
        print(f"  {what:51} {where}")


@contextmanager
def lab_up(*, keep: bool) -> Iterator[Lab]:
    """Start four new hosts, and remove them at the end unless they are to be kept."""
    lab = Lab("demo")
    lab.down()
    lab.up()
    try:
        lab.inventory(CONTRACT / "inventory")
        devices = CONTRACT / "policies" / "devices.yaml"
        devices.write_text(lab.relocated(devices.read_text(encoding="utf-8")), encoding="utf-8")
        yield lab
    finally:
        if not keep:
            lab.down()


def main(arguments: list[str]) -> int:
    """Run the demo; return 0 if every command ended as expected."""
    began = time.monotonic()
    keep = "--keep" in arguments
    able = subprocess.run([ROOT / "ci" / "lab", "can"], capture_output=True, text=True, check=False)
    if able.returncode != 0:
        without_hosts((able.stderr or able.stdout).strip())
        return 0
    subprocess.run([ROOT / "ci" / "lab", "base"], check=True)
    write_contract()
    with lab_up(keep=keep) as lab:
        commit_contract("The contract, with the lab's addresses")
        pure_half()
        apply_all()
        carry_out(lab)
        open_for_a_while()
        detect_drift(lab)
        change_policies()
        emergency(lab)
        rebuild(lab)
        evidence()
    print(f"\nThe demo took {time.monotonic() - began:.0f} s.")
    if keep:
        print(
            "The lab is running: `ci/lab ssh app1`, and `export ANSIBLE_VAULT_PASSWORD_FILE=.demo/vault-password; "
            ".venv/bin/opspact --contract .demo/contract verify`. Remove it with `ci/lab down`."
        )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StoryBroken, LabError) as error:
        sys.exit(f"ci/demo: {error}")
