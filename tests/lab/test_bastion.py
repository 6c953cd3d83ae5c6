"""Hosts behind a customer's bastion: no forwarding, no sftp, one session a connection, the asset in the user name."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from bastion import ASSETS, HOST, Bastion, bastion
from canary import files_with, loud, secrets_of, watched
from contracts import Contract, small
from labkit import Lab

from opspact.fleet.ansible import RunSettings, run_project
from opspact.fleet.connection import Settings
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.bastion import Bastion as Door
from opspact.model.inventory.host import Host
from opspact.rollout.own_login import login_refusals
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.check import Reach
from opspact.values.secret import Secret

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: note
hosts: all
owner: crew
files: [{path: /srv/note/text, source: files/note}]
directories: [{path: /srv/note}]
---
kind: inspection
name: daily
hosts: all
schedule: daily at 07:30
items: [{units: {failed: 0}}]
---
kind: backup
name: kept
hosts: app1
what: {paths: [/srv]}
schedule: daily at 02:00
to: {host: db1, repository: kept}
strategy: incremental
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:vault:borg
check: {schedule: weekly on sunday at 05:00}
drill: {within: 92 days}
"""
GIVEN = ("--ssh-password", "secret:vault:borg")
STRANGE = "Bastion-7c1e9a'\"$ x"


@pytest.fixture(scope="module")
def door(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bastion]:
    lab.up()
    with bastion(lab, tmp_path_factory.mktemp("bastion") / "known_hosts") as running:
        yield running


@pytest.fixture
def well(door: Bastion) -> Iterator[Bastion]:
    """The bastion, which behaves again after the test."""
    yield door
    door.behave("")


def by_key(door: Bastion, name: str) -> dict[str, object]:
    return {**door.variables(name), "ansible_ssh_private_key_file": str(door.lab.key)}


def inventory(variables: dict[str, dict[str, object]]) -> str:
    return json.dumps({"all": {"hosts": variables}})


@pytest.fixture
def contract(door: Bastion) -> Iterator[Contract]:
    """A contract for three hosts behind the bastion, by key; what it puts there is gone after the test."""
    with small(door.lab, "behind", POLICIES) as made:
        made.write("files/note", "noted\n")
        made.write("inventory/hosts.yaml", inventory({name: by_key(door, name) for name in ASSETS}))
        made.commit()
        yield made
    for name in ASSETS:
        door.lab.reset(name)
    door.admit()


def test_everything_works_by_key_and_again_by_password(door: Bastion, contract: Contract) -> None:
    findings = contract.run("check", "--format", "json").json["findings"]
    assert not {"OP209", "OP404"} & {found["code"] for found in findings}
    assert contract.good("plan", "--live", "--format", "json").json["hosts"]
    contract.good("apply", "--yes")
    assert [door.lab.root(name, "cat /srv/note/text").out for name in ASSETS] == ["noted\n"] * 3
    (backup,) = contract.good("backup", "run", "kept", "--format", "json").json["results"]
    assert (backup["host"], backup["outcome"], backup["verdict"]) == ("app1", "done", "ok")
    contract.good("inspect", "run")
    contract.good("inspect", "collect")
    connections = len(door.passed_on())
    contract.good("verify")
    assert len(door.passed_on()) - connections == len(ASSETS)

    contract.change("files/note", "noted", "noted again")
    ways = {"app1": "password", "app2": "pam", "db1": "password"}
    contract.write("inventory/hosts.yaml", inventory({name: door.variables(name, way) for name, way in ways.items()}))
    contract.commit()
    refused = contract.run("verify")
    assert (refused.code, "--ssh-password secret:vault:NAME or --ask-pass" in refused.out) == (1, True)
    door.set_password(contract.passphrase)
    words = secrets_of(contract)
    with watched(words) as watch:
        said = loud(contract, *GIVEN, "apply", "--yes")
    assert said.code == 0, said.out + said.err
    assert [door.lab.root(name, "cat /srv/note/text").out for name in ASSETS] == ["noted again\n"] * 3
    assert not [word for word in words if word in said.out + said.err]
    assert files_with(words, contract.home / "vault-password", str(contract.home), "/tmp", "/dev/shm") == []
    assert (watch.seen, watch.looks > 10) == (set(), True)


def test_a_wrong_password_is_tried_once_though_a_connection_was_open(door: Bastion) -> None:
    door.set_password(STRANGE)
    hosts = [Host("pam", door.variables("app2", "pam")), Host("jump", door.behind_jump("app1"))]

    def tried(password: str) -> list[int | str]:
        settings = Settings(ssh_password=Secret(password), keeps_connections=True)
        with open_sessions(hosts, settings=settings) as sessions:
            answers = sessions.each(lambda session: session.run("true").rc).values()
        return [answer.detail if isinstance(answer, HostLost) else answer for answer in answers]

    assert tried(STRANGE) == [0, 0]
    before = door.refused()
    assert ["the SSH password is wrong" in str(answer) for answer in tried("Wrong-8d1f2c")] == [True, True]
    assert door.refused() - before == len(hosts)


def test_plain_ansible_sends_files_through_commands_and_says_why_it_takes_long(door: Bastion, tmp_path: Path) -> None:
    door.set_password(STRANGE)
    (tmp_path / "lookup_plugins").mkdir()
    plugin = files("opspact.compile").joinpath("data/opspact_secret.py").read_text()
    (tmp_path / "lookup_plugins/opspact_secret.py").write_text(plugin)
    (tmp_path / "inventory").mkdir()
    ways = {"app1": by_key(door, "app1"), "app2": door.variables("app2", "password")}
    (tmp_path / "inventory/hosts.yaml").write_text(inventory(ways))
    (tmp_path / "large").write_text("x" * 300_000)
    copy = {"src": str(tmp_path / "large"), "dest": "/srv/large", "mode": "0600"}
    task = {"name": "Send", "ansible.builtin.copy": copy}
    play = {"name": "Try", "hosts": "all", "become": True, "gather_facts": False, "tasks": [task]}
    (tmp_path / "site.yml").write_text(json.dumps([play]))
    base = Path(tempfile.mkdtemp(prefix="opspact-", dir="/tmp"))
    strategy: Literal["plain"] = "plain"
    try:
        doors = (Door("the-bastion", ("app1", "app2")),)
        settings = RunSettings(strategy=strategy, base=base, bastions=doors, ssh_password=Secret(STRANGE))
        outcome = run_project(tmp_path, list(ways), settings=settings)
    finally:
        shutil.rmtree(base)
    assert outcome.successful
    assert any("app1, app2" in note and "the-bastion" in note for note in outcome.notes)
    assert [door.lab.root(name, "stat -c '%s %a' /srv/large; rm /srv/large").out for name in ways] == [
        "300000 600\n"
    ] * 2


def test_the_key_by_which_the_bastion_logs_in_is_not_taken_away(door: Bastion) -> None:
    own = door.lab.key.with_suffix(".pub").read_text()
    bastions = door.lab.root(HOST, "cat /etc/bastion/key.pub").out

    def are_refused(session: Session, account: str, *keys: str) -> bool:
        home = "/root" if account == "root" else f"/home/{account}"
        step = AuthorizedKeys(account=account, home=home, keys=keys)
        return bool(login_refusals(session, made=[step], removed=[]))

    def asked(session: Session) -> list[bool]:
        user = "root" if session.name == "db1" else "ops"
        return [
            are_refused(session, user, own),
            are_refused(session, user, own, bastions),
            are_refused(session, "nosudo", own),
        ]

    hosts = [Host(name, by_key(door, name)) for name in ("app1", "db1")]
    with open_sessions(hosts, settings=Settings()) as sessions:
        assert sessions.each(asked) == {"app1": [True, False, False], "db1": [True, False, False]}


def test_a_fabfiles_commands_and_files_pass_it_on(door: Bastion, tmp_path: Path) -> None:
    def work(session: Session) -> tuple[str, str, str, str]:
        connection = Connection(session)
        connection.config.run.update(hide=True, in_stream=False)
        connection.put(StringIO("数据"), "behind")
        connection.get("behind", f"{tmp_path}/{session.name}")
        user, root = connection.run("id -un").stdout, connection.sudo("id -un", pty=True).stdout
        return user, root, connection.run("cat behind; rm behind").stdout, (tmp_path / session.name).read_text()

    hosts = [Host(name, by_key(door, name)) for name in ("app1", "db1")]
    with open_sessions(hosts, settings=Settings()) as sessions:
        found = sessions.each(work)
    users = {"app1": "ops\n", "db1": "root\n"}
    assert found == {name: (user, "root\r\n", "数据", "数据") for name, user in users.items()}


@pytest.mark.parametrize(("manner", "said"), [("menu", "Opt>"), ("refuse", "policy 17")])
def test_what_it_says_instead_of_running_a_command_is_repeated(well: Bastion, manner: str, said: str) -> None:
    well.behave(manner)
    with open_sessions([Host("app1", by_key(well, "app1"))], settings=Settings(login_timeout=4.0)) as sessions:
        (lost,) = sessions.each(lambda session: session.run("true")).values()
    assert isinstance(lost, HostLost)
    assert (lost.reach, said in lost.detail) == (Reach.BROKEN, True)


def test_a_connection_that_it_closes_is_lost_with_the_reason(well: Bastion) -> None:
    well.behave("idle")
    with open_sessions([Host("app1", by_key(well, "app1"))], settings=Settings(idle_notice=2.0)) as sessions:
        assert sessions.each(lambda session: session.run("true").rc) == {"app1": 0}
        well.lab.root(HOST, "sleep 4")
        (lost,) = sessions.each(lambda session: session.run("true")).values()
    assert isinstance(lost, HostLost)
    assert (lost.reach, "idle" in lost.detail) == (Reach.CUT_OFF, True)
