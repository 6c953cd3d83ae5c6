"""Emergency access as steps: nothing of the person's own account, all that a host needs to close it by itself."""

import json
from collections.abc import Mapping
from datetime import date

import pytest
from building import tree, work

from opspact.compile.obligations import policy_obligations
from opspact.errors import Refused
from opspact.obligations.obligation import AfterEach
from opspact.resolve.contract import resolve
from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.other_access import OtherAccess

DAY = date(2026, 6, 1)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 li-na"
PERSON = f"kind: person\nname: li-na\naccount: lina\nteams: [operations]\nfrom: 2026-03-01\nkeys: ['{KEY}']\n"
EMERGENCY = """\
kind: access
name: db
hosts: db1
people: {team: operations}
sudo: [ALL, "/usr/bin/systemctl restart postgresql@15-main"]
groups: [adm]
emergency: {at_most: 4h, review_within: 24h}
"""


def steps(*policies: str) -> Mapping[str, Step]:
    return {step.identity: step for step in work(tree(*policies), day=DAY)["db1"].make}


def settings(found: Mapping[str, Step]) -> Mapping[str, object]:
    file = found["file /etc/opspact/emergency_access/db.json"]
    assert isinstance(file, File)
    written: dict[str, object] = json.loads(file.content.data)
    return written


def test_the_person_has_no_account_of_their_own_and_no_rule_until_it_is_granted() -> None:
    found = steps(PERSON, EMERGENCY)
    assert not [name for name in found if name.startswith(("account ", "membership ", "authorized-keys "))]
    assert "file /etc/sudoers.d/opspact-db" not in found
    assert "emergency-access em-lina in db" in found
    for unit in ("path", "timer"):
        assert f"unit opspact-emergency_access-db.{unit}" in found
    assert settings(found)["people"] == {"em-lina": {"person": "li-na", "shell": "/bin/bash", "keys": [KEY]}}
    assert settings(found)["commands"] == ["ALL", "/usr/bin/systemctl restart postgresql@15-main"]
    assert settings(found)["at_most"] == 4 * 3600


def test_the_service_runs_on_while_something_is_granted_and_is_started_again_whatever_ended_it() -> None:
    found = steps(PERSON, EMERGENCY)
    texts = {}
    for ending in ("service", "path"):
        file = found[f"file /etc/systemd/system/opspact-emergency_access-db.{ending}"]
        assert isinstance(file, File)
        texts[ending] = file.content.data.decode().splitlines()
    assert "PathExistsGlob=/var/lib/opspact/emergency_access/db/*.json" in texts["path"]
    assert {"Type=exec", "Restart=on-failure", "StartLimitIntervalSec=0", "ProtectSystem=no"} <= {*texts["service"]}


def test_whoever_left_is_not_named_any_more_so_that_hosts_close_what_is_open() -> None:
    found = steps(PERSON.replace("from:", "until: 2026-05-31\nfrom:"), EMERGENCY)
    assert settings(found)["people"] == {}
    assert "closed-account lina" in found
    assert not [name for name in found if name.startswith("emergency-access ")]


def test_nobody_else_may_have_access_beside_what_is_granted() -> None:
    others = "kind: access\nname: nobody-else\nhosts: all\nothers: {accounts: [ops]}\n"
    step = steps(PERSON, EMERGENCY, others)["other-access host"]
    assert isinstance(step, OtherAccess)
    assert (step.accounts, step.own_keys) == (("em-lina", "ops"), ("em-lina",))
    assert (step.members, step.files) == (("em-lina in adm",), ("/etc/sudoers.d/opspact-db",))


def test_a_review_is_owed_after_each() -> None:
    (owed,) = (each for each in policy_obligations(resolve(tree(PERSON, EMERGENCY))) if each.policy == "access/db")
    assert isinstance(owed.due, AfterEach)
    assert (owed.what, owed.due.text) == ("review of emergency access", "24h")
    lasting = EMERGENCY.replace("emergency: {at_most: 4h, review_within: 24h}\n", "")
    assert not [each for each in policy_obligations(resolve(tree(PERSON, lasting))) if each.policy == "access/db"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("at_most: 4h", "at_most: 8 days"), "at_most is longer than 7d"),
        (("people: {team: operations}\n", "others: {accounts: [ops]}\n"), "emergency access of nobody"),
        (("groups:", "keys: additional\ngroups:"), "emergency access with keys: additional"),
        (("at_most: 4h, ", ""), "missing"),
    ],
)
def test_what_cannot_be_is_refused(change: tuple[str, str], words: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(tree(PERSON, EMERGENCY.replace(*change)))
    assert any(words in problem.message for problem in refused.value.problems)


def test_an_account_whose_name_would_be_too_long_is_refused() -> None:
    with pytest.raises(Refused, match=f"em-{'a' * 30}"):
        resolve(tree(PERSON.replace("account: lina", f"account: {'a' * 30}"), EMERGENCY))
