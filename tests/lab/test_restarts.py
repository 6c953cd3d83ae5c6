"""Restarts and reloads on a real host: only where a unit has not read a file, and never into a broken configuration.

And looks on a host whose programs fail: nobody knows is what verify says then.
"""

from collections.abc import Iterator

import pytest
from contracts import Contract, Said, small
from labkit import Lab, Result

from opspact.steps.configuration_test import configuration_test

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: site
hosts: app1
owner: crew
packages: [nginx]
units: [nginx.service, slow.service]
files:
  - {path: /etc/nginx/conf.d/site.conf, source: files/site, reloads: nginx.service}
  - {path: /etc/nginx/conf.d/headers.conf, source: files/headers, restarts: nginx.service}
  - {path: /etc/systemd/system/slow.service, source: files/slow, restarts: slow.service}
"""
SITE = 'server {{ listen 8081; location / {{ return 200 "{}\\n"; }} }}\n'
SLOW = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'sleep $(cat /run/slow || echo 0)'
TimeoutStartSec=40
[Install]
WantedBy=multi-user.target
"""
BROKEN = "/etc/nginx/conf.d/theirs.conf"
PID = "systemctl show --property=MainPID --value nginx"
SERVED = (
    """python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:8081/").read().decode().strip())'"""
)


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "site", POLICIES) as made:
        made.write("files/site", SITE.format("one"))
        made.write("files/headers", "add_header X-One 1;\n")
        made.write("files/slow", SLOW)
        made.commit()
        made.good("apply", "--yes")
        yield made
    lab.up()
    lab.reset("app1")


def on(lab: Lab, command: str) -> str:
    done = lab.root("app1", command)
    assert done.rc == 0, done.err
    return str(done.out.strip())


def unit(said: Said, name: str = "nginx.service") -> tuple[str, str]:
    checks = {check["step"]: check for check in said.of_host("app1")["checks"]}
    return checks[f"unit {name}"]["state"], checks[f"unit {name}"]["detail"]


def test_a_change_of_mode_restarts_nothing_and_a_reload_keeps_the_process(healthy_lab: Lab, contract: Contract) -> None:
    contract.good("verify")
    pid = on(healthy_lab, PID)
    on(healthy_lab, "sleep 1.1; chmod 600 /etc/nginx/conf.d/*.conf; chown www-data /etc/nginx/conf.d/headers.conf")
    said = contract.run("verify", "--format", "json")
    assert (said.code, unit(said)) == (1, ("ok", ""))
    contract.good("apply", "--yes")
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "one")

    contract.write("files/site", SITE.format("two"))
    contract.commit()
    contract.good("apply", "--yes")
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "two")

    on(healthy_lab, f"echo '{SITE.format('by hand').strip()}' >/etc/nginx/conf.d/site.conf")
    said = contract.run("verify", "--format", "json")
    assert unit(said) == ("failed", "has not been reloaded since /etc/nginx/conf.d/site.conf changed")
    contract.good("apply", "--yes")
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "two")

    on(healthy_lab, "systemctl restart nginx")
    pid = on(healthy_lab, PID)
    contract.good("verify")
    contract.good("apply", "--yes")
    assert on(healthy_lab, PID) == pid


def test_nothing_is_restarted_into_a_configuration_that_was_broken_before(healthy_lab: Lab, contract: Contract) -> None:
    pid = on(healthy_lab, PID)
    on(healthy_lab, f"echo 'serve {{' >{BROKEN}")
    contract.write("files/headers", "add_header X-Two 2;\n")
    contract.commit()
    said = contract.run("apply", "--yes")
    assert said.code == 3
    words = " ".join((said.out + said.err).split())
    assert "nginx.service was not restarted and keeps the configuration that it has" in words
    assert f'unknown directive "serve" in {BROKEN}:1' in words
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "two")
    said = contract.run("verify", "--format", "json")
    assert unit(said) == ("failed", "has not been restarted since /etc/nginx/conf.d/headers.conf changed")

    on(healthy_lab, f"rm {BROKEN}")
    contract.good("apply", "--yes")
    assert on(healthy_lab, PID) != pid
    assert on(healthy_lab, SERVED) == "two"
    contract.good("verify")


def test_a_file_with_which_nginx_would_not_start_makes_way(healthy_lab: Lab, contract: Contract) -> None:
    good = on(healthy_lab, "cat /etc/nginx/conf.d/headers.conf")
    contract.write("files/headers", "add_header X-Broken\n")
    contract.write("files/new", "add_header\n")
    headers = "  - {path: /etc/nginx/conf.d/headers.conf, source: files/headers, restarts: nginx.service}\n"
    new = "  - {path: /etc/nginx/conf.d/new.conf, source: files/new, restarts: nginx.service}\n"
    contract.change("policies/all.yaml", headers, headers + new)
    contract.commit()
    said = contract.run("apply", "--yes")
    words = " ".join((said.out + said.err).split())
    assert said.code == 3
    assert "put back as nginx.service has read it, and what was refused is kept below" in words
    assert (
        on(healthy_lab, "cat /etc/nginx/conf.d/headers.conf; ls /etc/nginx/conf.d")
        == f"{good}\nheaders.conf\nsite.conf"
    )
    assert on(healthy_lab, "cat /var/lib/opspact/units/nginx.service.refused/etc/nginx/conf.d/new.conf") == "add_header"
    said = contract.run("verify", "--format", "json")
    assert unit(said) == ("ok", "")
    states = {check["step"]: check["state"] for check in said.of_host("app1")["checks"]}
    assert states["file /etc/nginx/conf.d/headers.conf"] == states["file /etc/nginx/conf.d/new.conf"] == "failed"
    on(healthy_lab, "systemctl restart nginx")  # as at the next boot
    assert on(healthy_lab, SERVED) == "two"

    contract.write("files/headers", "add_header X-Three 3;\n")
    contract.change("policies/all.yaml", new, "")
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")


def test_a_file_that_others_include_gets_another_name_and_one_the_unit_was_not_told_of_stays(
    healthy_lab: Lab, contract: Contract
) -> None:
    site = "  - {path: /etc/nginx/conf.d/site.conf, source: files/site, reloads: nginx.service}\n"
    old = "  - {path: /etc/nginx/old.inc, source: files/included}\n"
    new = "  - {path: /etc/nginx/new.inc, source: files/included, reloads: nginx.service}\n"
    contract.write("files/included", "add_header X-Four 4;\n")
    contract.write("files/site", SITE.format("two").replace("server {", "server { include old.inc;"))
    contract.change("policies/all.yaml", site, site + old)
    contract.commit()
    contract.good("apply", "--yes")

    told = old.replace("}", ", reloads: nginx.service}")
    contract.write("files/included", "add_header\n")
    contract.change("policies/all.yaml", old, told)
    contract.commit()
    assert contract.run("apply", "--yes").code == 3
    assert on(healthy_lab, "cat /etc/nginx/old.inc; nginx -t") == "add_header X-Four 4;"

    contract.write("files/included", "add_header X-Four 4;\n")
    contract.commit()
    contract.good("apply", "--yes")
    pid = on(healthy_lab, PID)
    contract.write("files/site", (contract.folder / "files/site").read_text().replace("old.inc", "new.inc"))
    contract.change("policies/all.yaml", told, new)
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "two")
    assert on(healthy_lab, "ls /etc/nginx/*.inc") == "/etc/nginx/new.inc"

    contract.write("files/site", SITE.format("two"))
    contract.change("policies/all.yaml", new, "")
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")


@pytest.mark.parametrize(("program", "kind"), [("systemctl", "unit"), ("stat", "unit"), ("python3", "file")])
def test_on_a_host_whose_programs_fail_nobody_knows(
    healthy_lab: Lab, contract: Contract, *, program: str, kind: str
) -> None:
    stand_in = f"/usr/local/sbin/{program}"
    on(healthy_lab, f"printf '#!/bin/sh\\nexit 1\\n' >{stand_in}; chmod 755 {stand_in}")
    try:
        said = contract.run("verify", "--format", "json")
    finally:
        on(healthy_lab, f"rm {stand_in}")
    states = {check["step"]: check["state"] for check in said.of_host("app1")["checks"]}
    asked = {step for step in states if step.startswith(kind)}
    assert {states[step] for step in asked} == {"unknown"}
    assert "failed" not in states.values()
    assert said.code == 1
    contract.good("verify")


def test_a_unit_that_still_starts_is_waited_for(healthy_lab: Lab, contract: Contract) -> None:
    on(healthy_lab, "echo 4 >/run/slow; systemctl restart --no-block slow")
    assert "activating" in healthy_lab.root("app1", "systemctl is-active slow").out
    contract.good("verify")
    assert on(healthy_lab, "systemctl is-active slow") == "active"


def test_a_unit_that_could_not_start_in_time_starts_once_the_reason_is_gone(
    healthy_lab: Lab, contract: Contract
) -> None:
    on(healthy_lab, "echo 60 >/run/slow")
    limited = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n" + SLOW.replace("StartSec=40", "StartSec=1")
    contract.write("files/slow", limited)
    contract.commit()
    said = contract.run("apply", "--yes")
    assert said.code == 3
    assert "slow.service failed because a timeout was exceeded" in " ".join((said.out + said.err).split())
    said = contract.run("verify", "--format", "json")
    assert unit(said, "slow.service") == ("failed", "is failed (timeout), expected running")

    on(healthy_lab, "rm /run/slow; ! systemctl start slow")  # too often, says systemd
    contract.good("apply", "--yes")
    assert on(healthy_lab, "systemctl is-active slow") == "active"
    contract.write("files/slow", SLOW)
    contract.commit()
    contract.good("apply", "--yes")


def test_what_leaves_is_read_again_only_if_the_rest_can_be(healthy_lab: Lab, contract: Contract) -> None:
    pid = on(healthy_lab, PID)
    on(healthy_lab, f"echo 'serve {{' >{BROKEN}")
    contract.change(
        "policies/all.yaml",
        "  - {path: /etc/nginx/conf.d/headers.conf, source: files/headers, restarts: nginx.service}\n",
        "",
    )
    contract.commit()
    assert contract.run("apply", "--yes").code == 3
    assert (on(healthy_lab, PID), on(healthy_lab, SERVED)) == (pid, "two")
    said = contract.run("verify", "--format", "json")
    assert unit(said) == ("failed", "has not been restarted since /etc/nginx/conf.d/headers.conf changed")
    on(healthy_lab, f"rm {BROKEN}")
    contract.good("apply", "--yes")
    assert on(healthy_lab, PID) != pid
    contract.good("verify")


@pytest.mark.parametrize(
    "case",
    [
        ("postgresql.service", "postgresql@15-main", "/etc/postgresql/15/main/conf.d/theirs.conf: port = abc"),
        ("postgresql@15-main.service", "postgresql@15-main", "/etc/postgresql/15/main/pg_hba.conf: local all all x"),
        ("ssh.service", "ssh", "/etc/ssh/sshd_config.d/theirs.conf: Port abc"),
    ],
)
def test_a_configuration_test_fails_where_the_service_would(healthy_lab: Lab, case: tuple[str, str, str]) -> None:
    unit, main, change = case

    def on_db(command: str) -> Result:
        return healthy_lab.root("db1", command)

    file, broken = change.split(": ")
    pid = on_db(f"systemctl show -P MainPID {main}").out
    assert on_db(configuration_test(unit)).rc == 0
    on_db(f"rm -f /root/was; cp -a {file} /root/was; printf '%s\\n' '{broken}' >>{file}")
    assert on_db(configuration_test(unit)).rc not in {0, 127}
    assert on_db(f"systemctl show -P MainPID {main}").out == pid
    assert on_db(f"systemctl restart {main}").rc != 0
    on_db(f"rm {file}; [ ! -e /root/was ] || mv /root/was {file}")
    assert on_db(f"systemctl reset-failed {main}; systemctl start {main}").rc == 0
    assert on_db(configuration_test(unit)).rc == 0
