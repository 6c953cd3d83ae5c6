"""Which services are proposed for what hosts have, what they do not say, and that they are read as they are meant."""

from typing import Any

import adopting
import pytest
from adopting import data, with_policies
from building import service

from opspact.errors import Refused
from opspact.rollout.adoption.choices import Choices, checked_choices
from opspact.rollout.adoption.host_state import FoundFile, FoundServices, FoundUnit, HostState
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.services import propose_services
from opspact.structs import replace

CONF = FoundFile(
    path="/etc/nginx/conf.d/oa.conf",
    service="nginx",
    owner="root",
    group="root",
    mode="0644",
    link="",
    text="gzip on;\n",
    why="",
)
UNIT = FoundUnit("nginx.service", "nginx", is_running=True)
WEB = FoundServices(packages=("nginx", "htop"), units=(UNIT,), files=(CONF,))


def known(states: dict[str, FoundServices], *policies: str, **more: Any) -> Known:
    return adopting.known({host: HostState(services=it) for host, it in states.items()}, *policies, **more)


def test_a_service_has_its_package_unit_and_files_and_other_packages_are_one_service() -> None:
    asked = known({"app1": WEB, "app2": WEB})
    proposal = propose_services(asked, "operations")
    assert data(proposal) == {
        "adopted-packages": {
            "kind": "service",
            "name": "adopted-packages",
            "hosts": "web",
            "owner": "operations",
            "packages": ["htop"],
        },
        "nginx": {
            "kind": "service",
            "name": "nginx",
            "hosts": "web",
            "owner": "operations",
            "packages": ["nginx"],
            "units": ["nginx.service"],
            "files": [{"path": "/etc/nginx/conf.d/oa.conf", "source": "files/adopted/nginx/etc/nginx/conf.d/oa.conf"}],
        },
    }
    assert proposal.files == {"files/adopted/nginx/etc/nginx/conf.d/oa.conf": b"gzip on;\n"}
    wanted = {"package htop", "package nginx", "unit nginx.service", "file /etc/nginx/conf.d/oa.conf"}
    assert {step.identity for step in with_policies(asked, proposal).work["app1"].make} == wanted


def test_what_differs_between_hosts_is_a_policy_of_its_own() -> None:
    other = replace(WEB, files=(replace(CONF, text="gzip off;\n", mode="0664", group="adm"),), units=())
    stopped = replace(WEB, packages=(), units=(replace(UNIT, is_running=False),), files=())
    asked = known({"app1": WEB, "app2": WEB, "db1": other, "backup1": stopped})
    proposal = propose_services(asked, "operations")
    found = {name: (it["hosts"], it.get("units"), it.get("files")) for name, it in data(proposal).items()}
    assert found["nginx-db1"] == (
        "db1",
        None,
        [
            {
                "path": CONF.path,
                "source": f"files/adopted/nginx-db1{CONF.path}",
                "group": "adm",
                "mode": "0664",
            }
        ],
    )
    assert found["nginx-backup1"] == ("backup1", [{"name": "nginx.service", "running": False}], None)
    work = with_policies(asked, proposal).work
    assert [len(work[host].make) for host in ("app1", "app2", "db1", "backup1", "backup2")] == [4, 4, 3, 1, 0]


def test_what_the_contract_wants_already_is_not_proposed_again() -> None:
    fields = f"packages: [nginx]\nunits: [nginx.service]\nfiles:\n  - {{path: {CONF.path}, content: x}}"
    proposal = propose_services(known({"app1": WEB}, service("nginx", fields)), "operations")
    assert {name: it.get("packages") for name, it in data(proposal).items()} == {"adopted-packages": ["htop"]}
    named = propose_services(known({"db1": WEB}, service("nginx", fields)), "operations")
    assert "nginx-2" in data(named)


@pytest.mark.parametrize(
    "file",
    [
        replace(CONF, text="db_password = hunter2hunter2\n"),
        replace(CONF, text="-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"),
        replace(CONF, text="curl -u li:hunter2hunter2 x\n"),
        replace(CONF, text="", why="not everybody may read it: a secret may be in it"),
        replace(CONF, path="/etc/nginx/.hidden"),
        replace(CONF, path="/etc/nginx/{{ x }}"),
        replace(CONF, path="/var/run/x"),
        replace(CONF, text="", link="../x"),
    ],
    ids=["password", "key", "command", "unread", "hidden", "braces", "link-of-debian", "relative"],
)
def test_a_file_that_policies_cannot_have_is_named_and_not_written(file: FoundFile) -> None:
    proposal = propose_services(known({"app1": FoundServices(files=(file,))}), "operations")
    assert (proposal.documents, proposal.files) == ((), {})
    (missed,) = proposal.not_adopted
    assert (missed.host, file.path in missed.what, "hunter2" in missed.why) == ("app1", True, False)
    assert missed.why


def test_what_verify_refused_on_a_host_is_not_proposed_there() -> None:
    refused = {("app1", "unit nginx.service"): "is masked", ("app2", f"link {CONF.path}"): "is a file"}
    link = replace(CONF, link="/etc/nginx/x", text="")
    asked = known({"app1": WEB, "app2": replace(WEB, files=(link,))}, refused=refused)
    proposal = propose_services(asked, "operations")
    assert [(each.what, each.host, each.why) for each in proposal.not_adopted] == [
        (f"link {CONF.path}", "app2", "is a file"),
        ("unit nginx.service", "app1", "is masked"),
    ]


def test_without_an_owner_a_team_is_left_to_be_named() -> None:
    asked = known({"app1": WEB})
    proposal = propose_services(asked, "")
    assert (data(proposal)["adopted"]["kind"], data(proposal)["nginx"]["owner"]) == ("team", "adopted")
    assert with_policies(asked, proposal).contract.teams.keys() == {"operations", "adopted"}


def test_choices_are_names_of_the_contract() -> None:
    contract = known({}).head.contract
    assert checked_choices(contract, (), None) == Choices((), "operations")
    assert checked_choices(contract, (), "operations").owner == "operations"
    for clauses, owner in ((("A9",), None), ((), "operation")):
        with pytest.raises(Refused):
            checked_choices(contract, clauses, owner)
