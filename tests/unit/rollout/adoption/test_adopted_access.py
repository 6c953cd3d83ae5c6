"""Which policies are proposed for accounts, and what is not said by them; that they are read as they are meant."""

from collections.abc import Mapping
from typing import Any

import adopting
import pytest
import yaml
from adopting import data, with_policies
from building import DAY, tree

from opspact.rollout.adoption.access import OTHER_ACCESS, propose_access
from opspact.rollout.adoption.host_state import FoundAccount, HostState
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.policy_text import policy_files, policy_text
from opspact.rollout.adoption.proposal import Proposal, host_pattern
from opspact.steps.other_access import Stranger, Strangers
from opspact.structs import replace

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 li@desk"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi wang"
LI = FoundAccount(
    name="li_na",
    user_id=1001,
    comment="Li Na,Room 4,,",
    home="/home/li_na",
    shell="/bin/bash",
    groups=("adm",),
    keys=(KEY,),
    has_password=False,
)
PERSON = f"""\
kind: person
name: li-na
text: {{zh: 李娜, en: Li Na}}
from: 2026-01-01
account: li_na
keys: ["{KEY}"]
"""
ACCESS = "kind: access\nname: crew\nhosts: app1\npeople: {person: li-na}\n"
OTHERS = "kind: access\nname: known\nhosts: app1\nothers: {accounts: [li_na]}\n"


def known(accounts: Mapping[str, tuple[FoundAccount, ...]], *policies: str, **more: Any) -> Known:
    return adopting.known({host: HostState(accounts=found) for host, found in accounts.items()}, *policies, **more)


def test_an_account_that_is_the_same_on_hosts_is_one_person_and_one_access() -> None:
    asked = known({"app1": (LI,), "app2": (replace(LI, has_password=True),)})
    proposal = propose_access(asked)
    assert data(proposal) == {
        "li-na": {
            "kind": "person",
            "name": "li-na",
            "text": {"en": "Li Na"},
            "from": str(DAY),
            "account": "li_na",
            "keys": [KEY],
        },
        "adopted-people-web": {
            "kind": "access",
            "name": "adopted-people-web",
            "hosts": "web",
            "people": {"person": ["li-na"]},
            "groups": ["adm"],
        },
    }
    assert "It has a password on app2" in policy_text(proposal.documents)
    after = with_policies(asked, proposal).work
    wanted = {"account li_na", "membership li_na in adm", "authorized-keys li_na"}
    assert [{step.identity for step in after[host].make} for host in ("app1", "app2", "db1")] == [wanted, wanted, set()]


def test_groups_that_differ_are_policies_of_their_own_and_keys_that_differ_are_named() -> None:
    more = replace(LI, groups=("adm", "video"))
    other = replace(LI, keys=(OTHER,))
    proposal = propose_access(known({"app1": (LI,), "app2": (more,), "db1": (other,)}))
    access = [each for each in data(proposal).values() if each["kind"] == "access"]
    assert [(each["hosts"], each["groups"]) for each in access] == [("app1", ["adm"]), ("app2", ["adm", "video"])]
    assert [(each.what, each.host) for each in proposal.not_adopted] == [("account li_na as a person", "db1")]
    assert "app1, app2" in proposal.not_adopted[0].why


@pytest.mark.parametrize(
    "found",
    [
        replace(LI, name="Li.Na"),
        replace(LI, name="backup"),
        replace(LI, keys=None),
        replace(LI, keys=(f'command="x" {KEY}',)),
        replace(LI, keys=(KEY.replace(" li@", "  li@").replace("ssh-ed25519 ", "ssh-ed25519\t"),)),
        replace(LI, keys=(f"{KEY} password=hunter2hunter2",)),
    ],
    ids=["name", "system", "link", "options", "blanks", "secret"],
)
def test_an_account_that_policies_cannot_have_is_named_with_the_reason(found: FoundAccount) -> None:
    proposal = propose_access(known({"app1": (found,)}))
    assert proposal.documents == ()
    (missed,) = proposal.not_adopted
    assert (missed.what, missed.host, missed.why != "") == (f"account {found.name} as a person", "app1", True)
    assert "hunter2" not in missed.why


@pytest.mark.parametrize("policies", [(PERSON, ACCESS), (OTHERS,)], ids=["person", "others"])
def test_what_the_contract_says_already_is_not_proposed_again(policies: tuple[str, ...]) -> None:
    assert propose_access(known({"app1": (LI,)}, *policies)) == Proposal()


def test_a_person_of_the_contract_gets_access_and_is_not_written_again() -> None:
    proposal = propose_access(known({"db1": (LI,)}, PERSON, ACCESS))
    assert [(each.kind, each.data.get("people")) for each in proposal.documents] == [("access", {"person": ["li-na"]})]
    other = propose_access(known({"db1": (replace(LI, keys=(OTHER,)),)}, PERSON, ACCESS))
    assert (other.documents, [each.host for each in other.not_adopted]) == ((), ["db1"])


def test_what_verify_refused_on_a_host_is_not_proposed_there() -> None:
    refused = {("app1", "authorized-keys li_na"): "mode is 0644", ("app2", "membership li_na in adm"): "is not in it"}
    proposal = propose_access(known({"app1": (LI,), "app2": (LI,)}, refused=refused))
    assert data(proposal)["adopted-people-app2"].get("groups") is None
    assert [(each.what, each.host, each.why) for each in proposal.not_adopted] == [
        ("account li_na as a person", "app1", "mode is 0644"),
        ("membership li_na in adm", "app2", "is not in it"),
    ]


def strangers(*found: tuple[str, str], unknown: tuple[str, ...] = ()) -> Strangers:
    return Strangers(tuple(Stranger(kind, name, f"found: {name}") for kind, name in found), unknown)


def test_who_else_has_access_is_listed_once_for_all_hosts_that_have_it() -> None:
    both = (("rule", "ops ALL=(ALL) NOPASSWD: {{ ALL }}"), ("member", "ops in sudo"))
    seen = {
        "app1": strangers(*both, ("account", "Ops.1")),
        "app2": strangers(
            *both, unknown=("passwd is looked up in sss: look there by hand, and add sss to others.directories",)
        ),
    }
    asked = known({"app1": (), "app2": (), "db1": ()}, strangers=seen)
    proposal = propose_access(asked)
    assert {each["hosts"]: each["others"] for each in data(proposal).values()} == {
        "web": {"sudo": ["ops ALL=(ALL) NOPASSWD: {{ ALL }}"], "members": ["ops in sudo"]},
        "app1": {"accounts": ["Ops.1"]},
        "app2": {"directories": ["sss"]},
    }
    after = with_policies(asked, proposal).work
    assert [[step.identity for step in after[host].make] for host in ("app1", "app2", "db1")] == [
        [OTHER_ACCESS],
        [OTHER_ACCESS],
        [],
    ]


@pytest.mark.parametrize(
    "seen",
    [
        strangers(("account", "")),
        strangers(("link", "/home/x/.ssh/authorized_keys")),
        strangers(("rule", "ops ALL=(root) NOPASSWD: /opt/x --password=hunter2hunter2")),
        strangers(("account", "+nis")),
        strangers(("account", "ops"), unknown=("/home/x cannot be read",)),
    ],
    ids=["counted", "link", "secret", "name", "unknown"],
)
def test_a_host_with_access_that_cannot_be_listed_is_named_and_has_no_others(seen: Strangers) -> None:
    proposal = propose_access(known({"app1": ()}, strangers={"app1": seen}))
    assert (proposal.documents, [(it.what, it.host) for it in proposal.not_adopted]) == ((), [(OTHER_ACCESS, "app1")])
    assert "hunter2" not in proposal.not_adopted[0].why


def test_files_of_an_earlier_adoption_stay_and_comments_of_strangers_are_no_yaml() -> None:
    found = replace(LI, comment="x\n- kind: access\u2028name: evil,,,")
    proposal = propose_access(known({"app1": (found,)}))
    taken = {"policies/adopted/people.yaml", "policies/adopted/people-2.yaml"}
    paths = policy_files(proposal.documents, taken)
    assert list(paths) == ["policies/adopted/people-3.yaml", "policies/adopted/access.yaml"]
    texts = [yaml.safe_load(policy_text(inside)) for inside in paths.values()]
    assert [text["kind"] for text in texts] == ["person", "access"]


def test_hosts_are_chosen_by_the_shortest_pattern_that_chooses_them_alone() -> None:
    inventory = adopting.compiled(tree()).contract.inventory
    every = tuple(inventory.hosts)
    assert [host_pattern(hosts, inventory) for hosts in (every, ("app2", "app1"), ("db1",), ("app1", "db1"))] == [
        "all",
        "web",
        "db1",
        "app1:db1",
    ]
