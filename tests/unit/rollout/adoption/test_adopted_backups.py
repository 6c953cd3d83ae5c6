"""What configurations of borgmatic become, of each form that its versions have, and what is not said."""

from typing import Any

import adopting
import pytest
from adopting import data
from building import backup

from opspact.resolve.contract import resolve
from opspact.rollout.adoption.backups import propose_backups
from opspact.rollout.adoption.host_state import FoundBackup, FoundCronJob, FoundServices, FoundUnit, HostState
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.policy_text import policy_text
from opspact.rollout.adoption.proposal import Proposal

SECRET = "hunter2hunter2"
PATH = "/etc/borgmatic/config.yaml"
SECTIONS = f"""\
location:
    source_directories: [/etc, /srv]
    repositories: ["ssh://borg:{SECRET}@backup1:22/./daily"]
    exclude_patterns: ['*.tmp']
storage:
    encryption_passphrase: "{SECRET}"
    compression: zstd
retention:
    keep_daily: 7
    keep_weekly: 4
hooks:
    postgresql_databases:
        - {{name: oa, hostname: db, password: {SECRET}}}
"""
FLAT = f"""\
source_directories: [/etc, /srv]
exclude_patterns: ['*.tmp']
repositories:
    - {{path: "ssh://borg@backup1/./daily", label: first}}
encryption_passcommand: cat /root/{SECRET}
keep_daily: 7
keep_weekly: 4
postgresql_databases: [{{name: oa}}]
"""
TIMER = FoundServices(units=(FoundUnit("borgmatic.timer", "borgmatic", is_running=True),))
CRON = FoundCronJob("/etc/cron.d/backup", 1, "root", "30 1 * * *", "/usr/bin/borgmatic")


def host(text: str, **more: Any) -> HostState:
    return HostState(backups=(FoundBackup(PATH, text),), **({"services": TIMER} | more))


def known(states: dict[str, HostState], *policies: str) -> Known:
    return adopting.known(states, *policies)


def whole(proposal: Proposal) -> str:
    return policy_text(proposal.documents)


@pytest.mark.parametrize("text", [SECTIONS, FLAT], ids=["sections", "flat"])
def test_a_configuration_is_a_backup_without_its_passphrase(text: str) -> None:
    asked = known({"app1": host(text), "app2": host(text)})
    proposal = propose_backups(asked)
    assert data(proposal) == {
        "daily-web": {
            "kind": "backup",
            "name": "daily-web",
            "hosts": "web",
            "what": {"paths": ["/etc", "/srv"], "exclude": ["*.tmp"], "databases": [{"postgresql": "oa"}]},
            "schedule": "daily at 00:00",
            "to": {"host": "backup1", "repository": "daily"},
            "keep": {"daily": 7, "weekly": 4},
            "passphrase": "secret:vault:daily",
        }
    }
    assert (proposal.not_adopted, SECRET in whole(proposal)) == ((), False)
    completed = whole(proposal) + "rpo: 26h\nrto: 4h\n"
    contract = resolve({**asked.head.tree, "policies/backups.yaml": completed.encode()})
    assert [(each.name, each.hosts, each.server) for each in contract.backups] == [
        ("daily-web", ("app1", "app2"), "backup1")
    ]


def test_what_a_policy_does_not_say_is_named_above_it() -> None:
    text = " ".join(whole(propose_backups(known({"app1": host(SECTIONS)}))).replace("\n#", "").split())
    assert "Not said by this policy: compression, postgresql_databases.hostname, postgresql_databases.password." in text
    assert f"From {PATH} on app1." in text


def test_a_job_of_cron_says_when_it_runs() -> None:
    asked = known({"app1": host(FLAT, cron_jobs=(CRON,)), "db1": host(FLAT, services=FoundServices())})
    proposal = propose_backups(asked)
    assert [each["schedule"] for each in data(proposal).values()] == ["30 1 * * *"]
    assert [(each.what, each.host) for each in proposal.not_adopted] == [(f"backup {PATH}", "db1")]


@pytest.mark.parametrize(
    "text",
    [
        FLAT.replace("ssh://borg@backup1/./daily", "/var/backups/borg"),
        FLAT.replace("backup1", "elsewhere.example"),
        FLAT.replace("/./daily", "/./two words"),
        FLAT.replace("keep_daily: 7", "").replace("keep_weekly: 4", ""),
        FLAT.replace("keep_daily: 7", "keep_daily: -7"),
        FLAT.replace("[/etc, /srv]", "[etc]"),
        FLAT.replace("source_directories", "x").replace("postgresql_databases", "y"),
        FLAT.replace("'*.tmp'", f"'password={SECRET}'"),
        "source_directories: !include /etc/x\n",
        "- a\n",
        "a: [\n",
        "",
    ],
    ids=[
        "local",
        "elsewhere",
        "name",
        "kept",
        "negative",
        "relative",
        "nothing",
        "secret",
        "tag",
        "list",
        "bad",
        "empty",
    ],
)
def test_a_configuration_that_no_policy_can_say_is_named(text: str) -> None:
    proposal = propose_backups(known({"app1": host(text)}))
    assert (proposal.documents, [each.what for each in proposal.not_adopted]) == ((), [f"backup {PATH}"])
    assert (SECRET in proposal.not_adopted[0].why, proposal.not_adopted[0].why != "") == (False, True)


def test_a_backup_of_the_contract_is_not_proposed_again_and_restic_is_named() -> None:
    assert propose_backups(known({"app1": host(FLAT)}, backup("daily"))) == Proposal()
    restic = HostState(services=FoundServices(packages=("restic",)))
    assert [each.what for each in propose_backups(known({"app1": restic})).not_adopted] == ["backups of restic"]
