"""The program by which a host reverts an unconfirmed change: what it saves, when it reverts, and what it says then.

systemd, iproute2 and nft are stood in for by commands that note how they are called; with the real ones:
`tests/lab/test_change_guard.py`.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

IP = """\
echo "ip $*" >>{folder}/calls
case "$*" in
  "-json address show") echo '[{{"ifname":"eth0","flags":["UP"],"addr_info":[{{"local":"192.0.2.9","prefixlen":24,\
"scope":"global","label":"eth0"}}]}}]' ;;
  "-4 route show table all") cat {folder}/routes ;;
  "-4 rule show") printf '0:\\tfrom all lookup local\\n' ;;
esac
"""
SYSTEMCTL = """\
echo "systemctl $*" >>{folder}/calls
case "$*" in show*) cat {folder}/unit ;; esac
"""
ROUTES = "default via 192.0.2.1 dev eth0 \n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.9 \n"
UNIT = "LoadState=loaded\nActiveState={}\nUnitFileState={}\n"


class Host:
    """A folder that stands for a host, on which a change is guarded."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.folder = machine.folder
        self.state = machine.folder / "guard"
        self.units = machine.folder / "units"
        self.file = machine.folder / "etc" / "nftables.conf"
        for folder in (self.state, self.units, self.file.parent):
            folder.mkdir()
        self.file.write_text("flush ruleset\n")
        self.file.chmod(0o640)
        self.unit("active", "enabled")
        self.routes(ROUTES)
        machine.command("ip", IP.format(folder=self.folder))
        machine.command("systemctl", SYSTEMCTL.format(folder=self.folder))
        machine.command("systemd-run", f'echo "systemd-run $*" >>{self.folder}/calls')
        machine.command(
            "nft", f'echo "nft $*" >>{self.folder}/calls; case "$*" in *list*) cat {self.folder}/nft ;; esac'
        )
        (self.folder / "nft").write_text("table inet filter {\n}\n")

    def unit(self, active: str, enabled: str) -> None:
        (self.folder / "unit").write_text(UNIT.format(active, enabled))

    def routes(self, text: str) -> None:
        (self.folder / "routes").write_text(text)

    def request(self, **changes: object) -> dict[str, object]:
        return {
            "run": "r1.1",
            "token": 4,
            "fence": str(self.folder / "fence"),
            "mark": "nobody:4",
            "within": 300.0,
            "paths": [str(self.file), f"{self.file.parent}/new.conf"],
            "units": ["nftables.service"],
            "network": True,
            "units_folder": str(self.units),
            **changes,
        }

    def run(self, *verb: str, given: object = None) -> "subprocess.CompletedProcess[str]":
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            self.machine.command_line("change_guard", self.state, *verb),
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": path},
        )

    def good(self, *verb: str, given: object = None) -> Any:
        done = self.run(*verb, given=given)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def armed(self, **changes: object) -> None:
        assert self.good("arm", given=self.request(**changes)) == {"status": "armed", "run": "r1.1"}

    def change(self) -> None:
        self.file.write_text("drop everything\n")
        self.file.chmod(0o600)
        (self.file.parent / "new.conf").write_text("new\n")

    def edit(self, **changes: object) -> None:
        """Change what the host has written down."""
        path = self.state / "state.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        found = path.read_text().splitlines()
        path.write_text("")
        return found

    @property
    def at_boot(self) -> list[str]:
        return sorted(path.name for path in self.units.rglob("opspact-*"))


@pytest.fixture
def host(machine: Machine) -> Host:
    return Host(machine)


def test_a_confirmed_change_stays_and_nothing_is_left_of_the_guard(host: Host) -> None:
    host.armed()
    (timer,) = (call for call in host.calls() if call.startswith("systemd-run"))
    assert "--on-active=300.0s" in timer
    assert timer.endswith(f"{host.state} expire")
    assert host.at_boot == ["opspact-change-guard-at-boot.service"] * 2
    assert (
        "Before=network-pre.target shutdown.target nftables.service"
        in (host.units / "opspact-change-guard-at-boot.service").read_text()
    )
    host.change()

    assert host.good("confirm", "r1.1") == {"status": "confirmed", "run": "r1.1"}

    assert host.file.read_text() == "drop everything\n"
    assert host.at_boot == []
    assert sorted(path.name for path in host.state.iterdir()) == ["lock", "python"]
    assert host.good("settle") == {"status": "none"}


@pytest.mark.parametrize("by_next", [True, False])
def test_what_is_not_confirmed_in_time_is_as_before(host: Host, by_next: bool) -> None:
    host.armed()
    host.change()
    host.edit(until=0)
    host.calls()

    said = host.good("expire")

    assert said["status"] == "reverted"
    assert said["reason"] == "nobody confirmed it within 300.0 s"
    assert said["reverted"] == [f"{host.file.parent}/new.conf", str(host.file)]
    assert host.file.read_text() == "flush ruleset\n"
    assert host.file.stat().st_mode & 0o777 == 0o640
    assert not (host.file.parent / "new.conf").exists()
    calls = host.calls()
    assert calls.index("systemctl daemon-reload") < calls.index("systemctl reload-or-restart -- nftables.service")
    refused = host.run("confirm", "r2.1")
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (3, "reverted")
    assert host.good(*(("settle",) if by_next else ("confirm", "r1.1"))) == said  # it is said once
    assert host.good("settle") == {"status": "none"}


def test_who_waited_while_the_time_began_again_reverts_nothing(host: Host) -> None:
    host.armed()
    host.change()

    assert host.good("expire")["status"] == "armed"
    assert host.file.read_text() == "drop everything\n"


def test_the_next_boot_reverts_it_at_once_and_starts_nothing_itself(host: Host) -> None:
    host.unit("inactive", "disabled")
    host.armed()
    host.change()
    host.unit("inactive", "enabled")
    host.edit(boot="another")
    host.calls()

    said = host.good("expire")

    assert said["status"] == "reverted"
    assert said["reason"] == "the host was started again before it was confirmed"
    calls = host.calls()
    assert "systemctl --no-block stop -- nftables.service" in calls
    assert "systemctl disable -- nftables.service" in calls
    assert not [call for call in calls if "restart" in call or call.startswith(("ip", "nft"))]


def test_a_unit_that_runs_only_since_then_ends_before_its_files_go(host: Host) -> None:
    host.unit("inactive", "disabled")
    host.armed()
    host.unit("active", "enabled")
    host.calls()

    host.good("revert", "r1.1")

    assert [call for call in host.calls() if call.startswith("systemctl") and " show " not in call][:3] == [
        "systemctl stop -- nftables.service",
        "systemctl disable -- nftables.service",
        "systemctl daemon-reload",
    ]


def test_routes_and_the_packet_filter_are_as_before(host: Host) -> None:
    host.armed()
    host.routes("blackhole 198.51.100.1 linkdown\n" + ROUTES.splitlines()[1] + "\n")
    (host.folder / "nft").write_text("table inet filter { chain input { drop } }\n")
    host.machine.command("nft", f'case "$*" in *list*) cat {host.folder}/nft ;; *) cat >{host.folder}/loaded ;; esac')
    host.calls()

    host.good("revert", "r1.1")

    changes = [call for call in host.calls() if call.startswith("ip") and " show" not in call]
    assert changes == ["ip -4 route del blackhole 198.51.100.1", "ip -4 route add default via 192.0.2.1 dev eth0"]
    assert (host.folder / "loaded").read_text() == "flush ruleset\ntable inet filter {\n}\n"


def test_what_cannot_be_reverted_is_named_and_tried_again(host: Host) -> None:
    host.armed()
    host.change()
    host.file.unlink()
    host.file.mkdir()
    (host.file / "inside").write_text("")

    failed = host.run("settle")

    assert failed.returncode == 1
    assert json.loads(failed.stdout)["problems"] == [f"{host.file}: Is a directory"]
    assert failed.stderr.startswith("<3>opspact: a change is not reverted whole: ")
    assert len(host.at_boot) == 2
    refused = host.run("arm", given=host.request(run="r2.1"))
    assert (refused.returncode, refused.stderr) == (3, "a change of run r1.1 is not confirmed yet\n")
    (host.file / "inside").unlink()
    host.file.rmdir()
    assert host.good("settle")["status"] == "reverted"
    assert host.file.read_text() == "flush ruleset\n"


def test_the_run_whose_change_is_reverted_has_the_host_no_more(host: Host) -> None:
    (host.folder / "fence").mkdir()
    (host.folder / "fence" / "token").write_text("4 r1.1\n")
    host.armed()
    host.edit(until=0)
    of_run = subprocess.Popen(["sleep", "60"], env={**os.environ, "OPSPACT_FENCE": "nobody:4"})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, "OPSPACT_FENCE": "nobody:5"})
    try:
        time.sleep(0.2)  # the mark is there once the program is started

        host.good("expire")

        assert of_run.wait(10) == -9
        assert other.poll() is None
        assert (host.folder / "fence" / "token").read_text() == "5 opspact-change-guard\n"
    finally:
        for process in (of_run, other):
            process.kill()
            process.wait()


def test_nothing_is_armed_where_something_cannot_be_saved_or_systemd_sets_no_time(host: Host) -> None:
    missing = host.run("arm", given=host.request(paths=["/dev/null"]))
    assert missing.returncode == 1
    assert "/dev/null: it is neither a file, a link nor a directory" in missing.stderr
    host.machine.command("systemd-run", "echo no >&2; exit 1")
    failed = host.run("arm", given=host.request())
    assert failed.returncode == 1
    assert host.at_boot == []
    assert host.good("show") == {"status": "none"}


def test_another_run_confirms_nothing(host: Host) -> None:
    host.armed()
    refused = host.run("confirm", "r2.1")
    assert (refused.returncode, refused.stderr) == (3, "what is armed is of run r1.1\n")


def test_links_and_owners_are_as_before_and_no_new_link_is_followed(host: Host, tmp_path: Path) -> None:
    link, elsewhere = host.file.parent / "link", tmp_path / "elsewhere"
    link.symlink_to("nftables.conf")
    elsewhere.mkdir()
    inner = host.file.parent / "inner"
    inner.mkdir()
    (inner / "a.conf").write_text("a\n")
    host.armed(paths=[str(link), str(inner / "a.conf")])
    link.unlink()
    link.write_text("a file\n")
    (inner / "a.conf").unlink()
    inner.rmdir()
    inner.symlink_to(elsewhere)

    failed = host.run("revert", "r1.1")

    assert str(link.readlink()) == "nftables.conf"
    assert failed.returncode == 1
    assert list(elsewhere.iterdir()) == []
