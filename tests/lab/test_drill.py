"""Restore tests on real hosts: a good one, halves of dumps, a byte that flips, and repositories that were repaired.

The backup server restores by itself; what that is worth, `trace` and `backup status` say. The tests share the hosts and
go in the order written.
"""

import json
import re
from collections.abc import Iterator
from shlex import quote
from typing import Any

import pytest
from contracts import Contract, Said, small
from labkit import Lab

pytestmark = pytest.mark.lab

CLIENT, SERVER = "db1", "backup1"
REPOSITORY = f"/srv/opspact-backup/{CLIENT}/drilled"
POLICIES = f"""\
kind: clause
name: D4
section: '1'
text: {{en: What is lost comes back}}
kept_by: opspact
evidence_within: 92 days
---
kind: backup
name: drilled
clauses: [D4]
hosts: {CLIENT}
what: {{paths: [/etc, /srv], databases: [{{postgresql: oa}}]}}
schedule: daily at 03:00
to: {{host: {SERVER}, repository: drilled}}
keep: {{hourly: 50}}
rpo: 26h
rto: 1h
passphrase: secret:vault:borg
check: {{schedule: weekly on sunday at 05:00, data: true}}
drill: {{within: 31 days, sample: {{confidence: 95%, defects: 5%}}}}
"""
FLIP = (
    f"cd {REPOSITORY}/data/0 && largest=$(ls -S | head -1) && size=$(stat -c %s $largest)"
    " && printf X | dd of=$largest bs=1 seek=$((size / 2)) conv=notrunc status=none"
)
AS_SERVER = (
    "cd / && runuser -u opspact-backup --"
    " env BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"
    " BORG_BASE_DIR=/var/lib/opspact/repository/borg"
    " BORG_PASSCOMMAND='cat /etc/opspact/repository/drilled.passphrase'"
)
ESCROW = (  # as docs/policies/data.md says it
    "read -rs BORG_PASSPHRASE && export BORG_PASSPHRASE && cd /\n"
    "runuser -u opspact-backup -- env BORG_BASE_DIR=/var/lib/opspact/repository/borg"
    f" BORG_RELOCATED_REPO_ACCESS_IS_OK=yes borg list --last 1 {REPOSITORY}"
)
REPAIR = f"{AS_SERVER} borg check --repair {REPOSITORY}"
ACCEPT = (
    "cd / && runuser -u opspact-backup -- python3 /usr/local/lib/opspact/repository.py"
    f" /etc/opspact/prune/drilled.json accept {CLIENT}"
)
HALF = """#!/bin/sh
real=$(PATH=/usr/bin:/bin command -v pg_dump)
"$real" "$@" | head -c 4000
exit 0
"""


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "drilling", POLICIES) as made:
        made.good("apply", "--yes")
        yield made
    lab.reset(CLIENT, SERVER)


def drill(contract: Contract) -> dict[str, Any]:
    """Test a restore now; return what that says of the client."""
    (result,) = contract.run("backup", "drill", "--format", "json").json["results"]
    (item,) = result["items"]
    assert (result["host"], item["subject"]) == (SERVER, f"host/{CLIENT}")
    found: dict[str, Any] = item
    return found


def back_up(contract: Contract) -> Said:
    return contract.run("backup", "run", "--format", "json")


def states(contract: Contract) -> dict[str, str]:
    """Return how each obligation of the backup stands."""
    owed = contract.run("backup", "status", "--collect", "--format", "json").json["obligations"]
    return {each["obligation"]: each["state"] for each in owed}


def clause(contract: Contract) -> str:
    (found,) = contract.run("trace", "--format", "json").json["clauses"]
    return str(found["state"])


def archives(lab: Lab, ending: str = "") -> list[str]:
    """Return the copies of which there is an archive with this ending."""
    listed = lab.root(SERVER, f"{AS_SERVER} borg list --short {REPOSITORY}").out.split()
    return [name.removesuffix(ending) for name in listed if re.fullmatch(rf"drilled-\w+Z{re.escape(ending)}", name)]


def left_in_scratch(lab: Lab) -> str:
    return lab.root(SERVER, "ls -A /srv/opspact-scratch; pgrep -u opspact-backup postgres || true").out


def test_a_copy_is_restored_with_every_file_and_every_row(lab: Lab, contract: Contract) -> None:
    made = back_up(contract)
    (result,) = made.json["results"]
    assert (made.code, result["outcome"], result["verdict"]) == (0, "done", "ok"), made.out
    (dumped,) = result["facts"]["databases"]
    counted = lab.root(CLIENT, "runuser -u postgres -- psql -XAt -d oa -c 'select count(*) from audit_trail'")
    assert dumped["rows"]["public.audit_trail"] == int(counted.out)
    item = drill(contract)
    assert (item["verdict"], item["problem"]) == ("ok", ""), item
    assert item["archive"]["name"] == result["copy"]["name"]
    manifest = result["facts"]["manifest"]
    assert (manifest["unchecked"], manifest["files"]) == (0, item["files"])
    assert item["manifest"]["sha256"] == manifest["sha256"]
    assert (item["compared"], bool(item["seed"])) == (59, True)  # `kept`, below: it is an event of the ledger
    (database,) = item["databases"]
    assert (database["rows"], database["tables"]) == (sum(dumped["rows"].values()), len(dumped["rows"]))
    assert database["newest_record"].endswith("Z")
    assert 0 < item["seconds"] < 60
    assert left_in_scratch(lab) == ".lock\n"
    assert states(contract)["restore test"] == "kept"
    passed = json.loads(lab.root(SERVER, f"cat /var/lib/opspact/repository/{CLIENT}/drilled/passed.json").out)
    assert passed["drilled"]["name"] == item["archive"]["name"]


def test_what_is_in_escrow_opens_the_repository_and_another_word_does_not(lab: Lab, contract: Contract) -> None:
    for word, opens in ((contract.passphrase, True), (f"{contract.passphrase}x", False)):
        script = ESCROW.replace("read -rs BORG_PASSPHRASE", f"read -rs BORG_PASSPHRASE <<<{quote(word)}")
        said = lab.root(SERVER, f"bash -c {quote(script)}")
        assert (said.rc == 0) is opens, said
        assert ("drilled-" in said.out) is opens


def test_half_a_dump_is_no_backup_though_pg_dump_ends_well(lab: Lab, contract: Contract) -> None:
    lab.root(CLIENT, f"cat >/usr/local/bin/pg_dump <<'END'\n{HALF}END\nchmod 755 /usr/local/bin/pg_dump")
    made = back_up(contract)
    lab.root(CLIENT, "rm /usr/local/bin/pg_dump")
    (result,) = made.json["results"]
    assert (result["outcome"], "the dump is not whole" in result["message"]) == ("failed", True), result
    assert states(contract)["copy"] == "kept"  # the one before
    assert back_up(contract).code == 0


def test_a_run_that_is_killed_leaves_nothing_and_proves_nothing(lab: Lab, contract: Contract) -> None:
    slow = 'printf \'#!/bin/sh\\n[ "$1" = extract ] && sleep 600\\nexec /usr/bin/borg "$@"\\n\''
    lab.root(SERVER, f"{slow} >/usr/local/bin/borg; chmod 755 /usr/local/bin/borg")
    killed = lab.root(
        SERVER,
        "systemctl start --no-block opspact-drill-drilled; until pgrep -f '^sleep 600' >/dev/null; do sleep 0.1; done;"
        " ls -A /srv/opspact-scratch; systemctl kill -s KILL opspact-drill-drilled;"
        " while systemctl is-active opspact-drill-drilled | grep -q activ; do sleep 0.1; done; rm /usr/local/bin/borg",
    )
    assert "opspact-drill-" in killed.out
    assert left_in_scratch(lab) == ".lock\n"
    assert states(contract)["restore test"] == "unknown"


def test_a_lost_key_fails_the_restore_test(lab: Lab, contract: Contract) -> None:
    """The passphrase on the server is another one; then the repository's own key is gone."""
    passphrase, config = "/etc/opspact/repository/drilled.passphrase", f"{REPOSITORY}/config"
    for path, lose in ((passphrase, f"echo other >{passphrase}"), (config, f"sed -i '/^key = /,$d' {config}")):
        assert lab.root(SERVER, f"cp -p {path} /root/kept && {lose}").rc == 0
        item = drill(contract)
        assert (item["verdict"], item["problem"]) == ("critical", "no_key"), item
        assert (states(contract)["restore test"], clause(contract)) == ("failed", "failed")
        assert lab.root(SERVER, f"cp -p /root/kept {path}").rc == 0
        assert drill(contract)["verdict"] == "ok"
        assert states(contract)["restore test"] == "kept"


def test_a_byte_that_flipped_is_found_by_the_restore_test_and_by_the_check(lab: Lab, contract: Contract) -> None:
    assert lab.root(SERVER, FLIP).rc == 0
    item = drill(contract)
    assert (item["verdict"], "cannot be restored" in item["message"]) == ("critical", True), item
    assert left_in_scratch(lab) == ".lock\n"
    assert (states(contract)["restore test"], clause(contract)) == ("failed", "failed")
    assert lab.root(SERVER, "systemctl start opspact-check-drilled", timeout=120).rc != 0
    found = states(contract)
    assert (found["copy"], found["restore test"]) == ("failed", "failed")
    assert lab.root(SERVER, "systemctl start opspact-prune-drilled").rc != 0  # nothing is freed of what can be repaired


def test_copies_from_before_damage_count_no_more_after_a_repair_and_new_ones_do(lab: Lab, contract: Contract) -> None:
    repaired = lab.root(SERVER, REPAIR, timeout=120)
    assert repaired.rc in {0, 1}, repaired
    lab.root(SERVER, "systemctl start opspact-check-drilled", timeout=120)
    assert (
        "replaced" in lab.root(SERVER, "journalctl -o cat -n 20 -u opspact-check-drilled").out
    )  # a repair gives new ids
    assert "since damage was found" in lab.root(SERVER, ACCEPT).err
    lab.root(SERVER, "systemctl start opspact-check-drilled", timeout=120)
    found = states(contract)
    assert (found["copy"], found["restore test"], clause(contract)) == ("failed", "failed", "failed")
    item = drill(contract)
    assert (item["verdict"], "since damage was found" in item["message"]) == ("critical", True)
    assert back_up(contract).code == 0
    assert drill(contract)["verdict"] == "ok"
    assert lab.root(SERVER, "systemctl start opspact-check-drilled opspact-prune-drilled", timeout=120).rc == 0
    pruned = json.loads(lab.root(SERVER, "cat $(ls /var/lib/opspact/spool/prune/drilled/*.json | tail -n 1)").out)
    (item,) = pruned["items"]
    assert len(item["pruned"]) >= 1  # of one hour, the newest is kept
    assert item["copies"]["drilled"]["name"] == drill(contract)["archive"]["name"]
    assert archives(lab, ".manifest") == archives(lab)
    assert {*states(contract).values()} <= {"kept", "not_due"}


def test_a_repository_repaired_before_any_check_saw_the_damage_fails_the_restore_test(
    lab: Lab, contract: Contract
) -> None:
    assert lab.root(SERVER, FLIP).rc == 0
    assert lab.root(SERVER, REPAIR, timeout=120).rc in {0, 1}
    item = drill(contract)
    assert (item["verdict"], "cannot be restored" in item["message"]) == ("critical", True), item
    assert lab.root(SERVER, ACCEPT).rc == 0
    assert lab.root(SERVER, "systemctl start opspact-check-drilled", timeout=120).rc == 0  # all is well, borg says
    assert drill(contract)["verdict"] == "critical"
    assert (states(contract)["restore test"], clause(contract)) == ("failed", "failed")
