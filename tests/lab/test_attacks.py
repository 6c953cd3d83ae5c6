"""An ordinary account on a host against opspact: links, pipes and other people's homes give it nothing.

Each test prepares what the account's owner can do, then runs opspact as its operators do.
"""

from collections.abc import Iterator

import pytest
from contracts import Contract, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi other"
SECRET = "correct-horse-battery-staple"

POLICIES = f"""\
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
channels: {{email: anna-li@example.com}}
keys:
  - {ANNA}
---
kind: access
name: crew
hosts: app1
people: {{team: crew}}
groups: [adm]
keys: exclusive
"""
HOME = "/home/anna-li"
KEYS = f"{HOME}/.ssh/authorized_keys"


@pytest.fixture
def contract(healthy_lab: Lab, fresh_host: FreshHost) -> Iterator[Contract]:
    fresh_host("app1")
    with small(healthy_lab, "attacked", POLICIES) as made:
        made.good("apply", "--yes")
        yield made


def anna(lab: Lab, command: str) -> str:
    done = lab.root("app1", f"runuser -u anna-li -- sh -c '{command}'")
    assert done.rc == 0, done.err
    return done.out


def root(lab: Lab, command: str) -> str:
    return lab.root("app1", command).out


def additional(contract: Contract) -> None:
    contract.change("policies/all.yaml", "keys: exclusive", "keys: additional")
    contract.commit()


def test_a_folder_of_keys_that_is_a_link_gives_nothing_away(healthy_lab: Lab, contract: Contract) -> None:
    before = root(healthy_lab, "stat -c '%U %G %a' /etc; ls /etc | sha256sum")
    anna(healthy_lab, "rm -rf ~/.ssh; ln -s /etc ~/.ssh".replace("~", HOME))
    found = contract.run("verify")
    assert (found.code, f"{HOME}/.ssh is a symbolic link" in found.out) == (1, True)
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, "stat -c '%U %G %a' /etc; ls /etc | sha256sum") == before
    assert root(healthy_lab, f"cat {KEYS}; stat -c '%F %U %a' {HOME}/.ssh") == f"{ANNA}\ndirectory anna-li 700\n"


@pytest.mark.parametrize("where", [".ssh", ".ssh/authorized_keys"])
def test_keys_beside_others_never_reach_another_account_by_a_link(
    healthy_lab: Lab, contract: Contract, where: str
) -> None:
    root(healthy_lab, "mkdir -p -m 0700 /root/.ssh; echo theirs >/root/.ssh/authorized_keys")
    additional(contract)
    target = f"/root/{where}"
    anna(healthy_lab, f"rm -rf {HOME}/{where}; ln -s {target} {HOME}/{where}")
    done = contract.run("apply", "--yes")
    assert (done.code, "opspact does not follow links in a home" in done.out + done.err) == (3, True)
    contract.drop("policies/all.yaml", "crew")
    contract.commit()
    contract.good("apply", "--yes")
    assert root(healthy_lab, "cat /root/.ssh/authorized_keys; stat -c '%U' /root/.ssh") == "theirs\nroot\n"
    assert root(healthy_lab, f"test -h {HOME}/{where} && echo link") == ""


def test_nothing_behind_a_link_and_no_line_that_is_no_key_is_shown(healthy_lab: Lab, contract: Contract) -> None:
    root(healthy_lab, f"install -m 0600 /dev/stdin /etc/secret <<'EOF'\n{SECRET}\n{OTHER}\nEOF")
    anna(healthy_lab, f"ln -s /etc/secret {KEYS}2")
    anna(healthy_lab, f"echo my-{SECRET} >>{KEYS}")
    said = contract.run("verify")
    whole = said.out + said.err + contract.good("ledger", "show", "--last", "100", "--format", "json").out
    link = f"{KEYS}2 exists, expected nothing there: a symbolic link"
    assert (said.code, link in said.out, "1 line that" in said.out) == (1, True, True)
    assert not any(word in whole for word in ("staple", OTHER.split()[1][-12:]))
    contract.good("apply", "--yes")
    assert root(healthy_lab, f"cat {KEYS}; ls {HOME}/.ssh; grep -c . /etc/secret") == f"{ANNA}\nauthorized_keys\n2\n"


def test_a_pipe_in_a_files_place_holds_nobody_up(healthy_lab: Lab, contract: Contract) -> None:
    anna(healthy_lab, f"mkfifo {KEYS}2; rm {KEYS}; mkfifo {KEYS}")
    found = contract.run("verify")
    assert (found.code, "is a pipe" in found.out) == (1, True)
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, "pgrep -x cat") == ""


def test_a_folder_whose_owner_puts_a_link_into_it_leads_root_nowhere(healthy_lab: Lab, contract: Contract) -> None:
    service = f"""\
kind: service
name: tools
hosts: app1
owner: crew
directories:
  - {{path: /srv/theirs, owner: anna-li, group: anna-li}}
  - {{path: /srv/theirs/conf.d, owner: anna-li, group: anna-li}}
files: [{{path: /srv/theirs/conf.d/opspact, content: "ours\\n"}}]
---
{POLICIES}"""
    contract.write("policies/all.yaml", service)
    contract.commit()
    contract.good("apply", "--yes")
    anna(healthy_lab, "rm -rf /srv/theirs/conf.d; ln -s /etc/sudoers.d /srv/theirs/conf.d")
    found = contract.run("verify")
    assert (found.code, "/srv/theirs/conf.d is a symbolic link" in found.out) == (1, True)
    done = contract.run("apply", "--yes")
    assert (done.code, "/srv/theirs/conf.d" in done.out + done.err) == (3, True)
    assert root(healthy_lab, "stat -c %U /etc/sudoers.d; ls /etc/sudoers.d/opspact 2>/dev/null") == "root\n"
    contract.drop("policies/all.yaml", "tools")
    contract.commit()
    root(healthy_lab, "touch /etc/sudoers.d/opspact")
    assert contract.run("apply", "--yes").code == 3
    assert root(healthy_lab, "ls /etc/sudoers.d/opspact; rm /etc/sudoers.d/opspact").strip() == "/etc/sudoers.d/opspact"


def test_whoever_leaves_keeps_their_files_from_the_next_one_and_gets_them_back(
    healthy_lab: Lab, contract: Contract
) -> None:
    anna(healthy_lab, f"echo mine >{HOME}/private; chmod 0700 {HOME}; (sleep 600 >/dev/null 2>&1 &)")
    root(healthy_lab, "loginctl enable-linger anna-li")
    number = root(healthy_lab, "id -u anna-li")
    contract.change("policies/all.yaml", "name: anna-li\n", "name: anna-li\nuntil: 2026-02-01\n")
    contract.commit()
    assert "replaced by closed-account anna-li" in contract.good("apply", "--yes").out
    contract.good("verify")
    assert root(healthy_lab, "getent passwd anna-li | cut -d: -f7; id -nG anna-li; pgrep -u anna-li -x sleep") == (
        "/usr/sbin/nologin\nanna-li\n"
    )
    assert root(healthy_lab, f"cat {KEYS}; ls /var/lib/systemd/linger; getent shadow anna-li | cut -d: -f8") == "1\n"
    login = f"install -o anna-li -g anna-li -m 0600 ~ops/.ssh/authorized_keys {KEYS}"
    assert healthy_lab.root("app1", login).rc == 0
    assert healthy_lab.run("app1", "true", user="anna-li").rc == 255
    assert f"1 key can log in: {KEYS}" in contract.run("verify").out
    assert healthy_lab.root("app1", "useradd --create-home next-one").rc == 0
    assert root(healthy_lab, "id -u next-one") != number
    assert healthy_lab.root("app1", f"runuser -u next-one -- cat {HOME}/private").rc == 1
    contract.change("policies/all.yaml", "until: 2026-02-01\n", "")
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, f"id -u anna-li; cat {KEYS}; id -nG anna-li") == f"{number}{ANNA}\nanna-li adm\n"
    assert anna(healthy_lab, f"cat {HOME}/private") == "mine\n"
    assert healthy_lab.root("app1", login).rc == 0
    assert healthy_lab.run("app1", "cat private", user="anna-li").out == "mine\n"
    root(healthy_lab, f"chown next-one {HOME}")
    assert f"owner of home {HOME} is next-one" in contract.run("verify").out


def test_keys_wanted_otherwise_lock_nobody_out(healthy_lab: Lab, contract: Contract) -> None:
    additional(contract)
    planned = contract.good("plan", "--live", "--format", "json").of_host("app1")
    assert (len(planned["change"]), planned["add"], planned["remove"]) == (1, [], [])
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, f"cat {KEYS}") == f"{ANNA}\n"
    root(healthy_lab, f"echo '{OTHER}' >>{KEYS}")
    contract.good("verify")
    contract.change("policies/all.yaml", "keys: additional", "keys: exclusive")
    contract.commit()
    contract.good("apply", "--yes")
    assert root(healthy_lab, f"cat {KEYS}") == f"{ANNA}\n"
    assert contract.good("plan", "--live", "--format", "json").of_host("app1")["change"] == []
    again = POLICIES.split("---\n")[1].replace("name: crew", "name: also").replace("exclusive", "additional")
    contract.write("policies/also.yaml", again)
    contract.commit()
    contract.good("apply", "--yes")
    (contract.folder / "policies" / "also.yaml").unlink()
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, f"cat {KEYS}") == f"{ANNA}\n"
