"""The lab's hosts are what a contract's hosts are, and its faults are real."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from disks import FreshHost
from labkit import Lab, LabError, Result, processes, reference_hosts
from labkit.names import namespace_path
from labkit.network import is_namespace

pytestmark = pytest.mark.lab

REFERENCE = ["app1", "app2", "db1", "backup1"]
PATIENCE = 4.0  # seconds; far longer than an answer takes, shorter than ssh's own ConnectTimeout


def test_every_host_says_running_and_has_no_failed_unit(healthy_lab: Lab) -> None:
    said = {
        host: healthy_lab.run(host, "systemctl is-system-running; systemctl list-units --failed --no-legend").out
        for host in healthy_lab.hosts
    }
    assert said == dict.fromkeys(REFERENCE, "running\n")


def test_every_host_has_its_own_name_machine_id_and_host_key(healthy_lab: Lab) -> None:
    command = "hostname; cat /etc/machine-id /etc/ssh/ssh_host_*.pub"
    answers = [healthy_lab.run(host, command).out.splitlines() for host in REFERENCE]
    assert [host for host, *_ in answers] == REFERENCE
    assert len({machine_id for _, machine_id, _ in answers}) == len(REFERENCE)
    assert len({key for _, _, key in answers}) == len(REFERENCE)


def test_a_host_with_another_key_than_the_known_one_is_refused(healthy_lab: Lab, tmp_path: Path) -> None:
    wrong = (
        healthy_lab.known_hosts.read_text()
        .replace(f"{healthy_lab.address('app1')},app1", "X")
        .replace(healthy_lab.address("app2"), healthy_lab.address("app1"))
    )
    (tmp_path / "known_hosts").write_text(wrong)
    command = [
        word.replace(str(healthy_lab.known_hosts), str(tmp_path / "known_hosts"))
        for word in healthy_lab.ssh_command("app1")
    ]
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    assert (done.returncode, "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr) == (255, True)


def test_ops_may_use_sudo_and_nosudo_may_not(healthy_lab: Lab) -> None:
    assert healthy_lab.run("app1", "sudo id -un") == Result(0, "root\n", "")
    assert healthy_lab.run("app1", "sudo -n id -un", user="nosudo").rc == 1


def test_hosts_know_each_other_by_name(healthy_lab: Lab) -> None:
    assert healthy_lab.run("app1", "getent hosts backup1").out.split() == [healthy_lab.address("backup1"), "backup1"]
    assert healthy_lab.run("app1", "ping -c1 -W2 backup1").rc == 0


def test_nginx_is_not_there_and_can_be_installed_offline(fresh_host: FreshHost, lab: Lab) -> None:
    host = fresh_host("app2")
    assert lab.run(host, "dpkg --status nginx").rc == 1
    install = "sudo DEBIAN_FRONTEND=noninteractive apt-get install --yes nginx tree"
    assert lab.run(host, f"sudo apt-get update && {install}").rc == 0
    assert lab.run(host, "systemctl is-active nginx").out == "active\n"
    assert (
        lab.run(host, "sudo apt-get remove --yes tree && command -v tree").rc == 127
        or lab.run(host, "command -v tree").rc == 1
    )


def test_a_host_names_no_package_server_but_its_own_folder(healthy_lab: Lab) -> None:
    sources = healthy_lab.run(
        "app1",
        "cat /etc/apt/sources.list /etc/apt/sources.list.d/*; cat /etc/resolv.conf; apt-config dump | grep -i proxy",
    )
    assert sources.out == "deb [trusted=yes] file:/opt/debs ./\n"


def test_the_database_server_holds_the_customers_data_and_the_others_run_no_database(healthy_lab: Lab) -> None:
    query = "SELECT (SELECT count(*) FROM document_type), (SELECT count(*) FROM document), count(*) FROM audit_trail"
    asked = healthy_lab.run("db1", f"sudo -u postgres psql --dbname oa --tuples-only --no-align --command '{query}'")
    assert asked == Result(0, "5|400|900\n", "")
    assert healthy_lab.run("app1", "systemctl is-active postgresql").out == "inactive\n"


def test_a_host_that_is_cut_off_lets_callers_hang_and_runs_on(healthy_lab: Lab) -> None:
    healthy_lab.cut("app1")
    assert healthy_lab.run("app1", "true", timeout=PATIENCE).rc == 124
    assert healthy_lab.root("app1", "hostname").out == "app1\n"
    assert healthy_lab.run("app2", "true").rc == 0
    healthy_lab.heal("app1")
    assert healthy_lab.run("app1", "hostname").out == "app1\n"


def test_a_stopped_host_is_down_and_comes_back_with_its_disk(healthy_lab: Lab) -> None:
    healthy_lab.run("app1", "echo kept | sudo tee /srv/kept")
    healthy_lab.stop("app1")
    assert healthy_lab.run("app1", "true").rc == 255
    healthy_lab.start("app1")
    assert healthy_lab.run("app1", "cat /srv/kept").out == "kept\n"
    assert "Journal stopped" in healthy_lab.run("app1", "sudo journalctl --boot -1 --no-pager --lines 1").out


def test_a_killed_host_comes_back_with_up_and_its_database_too(healthy_lab: Lab) -> None:
    healthy_lab.kill("db1")
    assert _state_of(healthy_lab, "db1") == "stopped"
    healthy_lab.up()
    assert _state_of(healthy_lab, "db1") == "running"
    assert healthy_lab.run("db1", "sudo -u postgres psql -d oa -Atc 'SELECT count(*) FROM document'").out == "400\n"


def test_a_host_whose_supervisor_was_killed_is_started_again(healthy_lab: Lab) -> None:
    namespace = f"opspact.{healthy_lab.name}.app1"
    left = processes.payload(namespace)
    assert left is not None
    since = processes.started(left)
    supervisor = processes.supervisor(namespace)
    assert supervisor is not None
    processes.kill(supervisor)
    healthy_lab.up()
    assert not processes.is_alive(left, since)
    assert healthy_lab.run("app1", "systemctl is-system-running").out == "running\n"


def test_a_filled_folder_refuses_growth_keeps_its_contents_and_is_given_back(healthy_lab: Lab) -> None:
    healthy_lab.root("app1", "mkdir -p /srv/site && echo old >/srv/site/page && rm -f /srv/site/new")
    healthy_lab.fill("app1", "/srv/site")
    grown = healthy_lab.run("app1", "echo more than nothing | sudo tee /srv/site/new")
    assert "No space left on device" in grown.err
    assert healthy_lab.run("app1", "cat /srv/site/page").out == "old\n"
    with pytest.raises(LabError, match="already full"):
        healthy_lab.fill("app1", "/srv/site")
    healthy_lab.unfill("app1")
    assert (
        healthy_lab.run("app1", "echo more | sudo tee /srv/site/new; ls -A /srv/site; findmnt /srv/site").out
        == "more\nnew\npage\n"
    )


def test_a_reset_host_is_fresh_and_still_itself(healthy_lab: Lab) -> None:
    healthy_lab.run("app1", "sudo touch /srv/by-hand")
    healthy_lab.reset("app1")
    assert healthy_lab.run("app1", "ls /srv; hostname").out == "app1\n"


def test_the_inventory_is_one_that_ansible_reads(healthy_lab: Lab, tmp_path: Path) -> None:
    file = healthy_lab.inventory(tmp_path)
    command = [str(Path(".venv/bin/ansible-inventory").absolute()), "--inventory", str(file), "--list"]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    groups = {name: read[name]["hosts"] for name in ("web", "db", "backup", "site_a", "site_b", "canary")}
    assert groups == {
        "web": ["app1", "app2"],
        "db": ["db1"],
        "backup": ["backup1"],
        "site_a": ["app1", "app2", "db1"],
        "site_b": ["backup1"],
        "canary": ["app1"],
    }
    assert read["_meta"]["hostvars"]["db1"]["ansible_host"] == healthy_lab.address("db1")


def test_two_labs_live_side_by_side_and_do_not_see_each_other(healthy_lab: Lab, other_lab: Lab) -> None:
    other_lab.up(reference_hosts(2))
    assert other_lab.address("app1") != healthy_lab.address("app1")
    healthy_lab.run("app1", "sudo touch /srv/here-only")
    assert other_lab.run("app1", "ls /srv").out == ""
    assert other_lab.run("app1", f"ping -c1 -W1 {healthy_lab.address('app1')}").rc != 0
    other_lab.cut("app1")
    assert healthy_lab.run("app1", "hostname").out == "app1\n"


def test_hosts_share_no_control_group(healthy_lab: Lab) -> None:
    # in a shared one, a neighbour's process shows as 0, and stopping a service waits for the neighbour's
    listed = healthy_lab.root("app1", "find /sys/fs/cgroup -path '*/ssh.service/cgroup.procs' -exec cat {} +").out
    assert {"listed": bool(listed.split()), "foreign": "0" in listed.split()} == {"listed": True, "foreign": False}


def test_down_leaves_no_namespace_mount_interface_process_control_group_or_state(other_lab: Lab) -> None:
    other_lab.up(reference_hosts(2))
    pids = _pids(other_lab)
    bridge = str(other_lab.status()["bridge"])
    assert len(pids) == 4  # a supervisor and a systemd for each host
    other_lab.down()
    assert [pid for pid, since in pids if processes.is_alive(pid, since)] == []
    assert _traces(other_lab, bridge) == []
    assert other_lab.status()["exists"] is False
    other_lab.down()


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.4])
def test_a_killed_up_is_healed_by_the_next_and_cleared_by_down(other_lab: Lab, seconds: float) -> None:
    command = ["ci/lab", "up", "--name", other_lab.name, "--count", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as begun:
        _wait_until(other_lab.folder.joinpath("lab.json").exists)
        time.sleep(seconds)
        begun.kill()
    other_lab.up()
    assert other_lab.status()["running"] is True
    other_lab.kill("app1")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as again:
        time.sleep(seconds)
        again.kill()
    bridge = str(other_lab.status()["bridge"])
    other_lab.down()
    assert _traces(other_lab, bridge) == []


def test_after_a_restart_of_the_machine_up_brings_the_lab_back_with_its_disks(other_lab: Lab) -> None:
    other_lab.up(reference_hosts(2))
    other_lab.run("app1", "echo kept | sudo tee /srv/kept")
    state = (other_lab.folder / "lab.json").read_text()
    bridge = str(other_lab.status()["bridge"])
    _restart_the_machine(other_lab, bridge)
    (other_lab.folder / "lab.json").write_text(state)  # its pids are nobody's now
    assert other_lab.status()["running"] is False
    other_lab.up()
    assert other_lab.run("app1", "cat /srv/kept").out == "kept\n"
    assert other_lab.status()["running"] is True


def test_two_ups_at_once_make_one_lab(other_lab: Lab) -> None:
    command = ["ci/lab", "up", "--name", other_lab.name, "--count", "2"]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as one,
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as other,
    ):
        assert (one.wait(), other.wait()) == (0, 0)
    assert (other_lab.hosts, len(_pids(other_lab))) == (("app1", "app2"), 4)


def test_up_says_so_when_hosts_do_not_reach_each_other(other_lab: Lab) -> None:
    other_lab.up(reference_hosts(2))
    for number in (11, 12):
        cable = f"{other_lab.status()['bridge']}h{number}"
        subprocess.run(["ip", "link", "set", cable, "type", "bridge_slave", "isolated", "on"], check=True)
    with pytest.raises(LabError, match="app1 does not reach app2: does a firewall"):
        other_lab.up()


def test_a_lab_that_is_not_up_says_how_to_bring_it_up(other_lab: Lab) -> None:
    with pytest.raises(LabError, match=f"ci/lab up --name {other_lab.name}"):
        other_lab.run("app1", "true")


def test_an_unknown_host_is_refused_with_the_names_there_are(healthy_lab: Lab) -> None:
    with pytest.raises(LabError, match="no host 'app9'; it has app1, app2, db1, backup1"):
        healthy_lab.cut("app9")


def _state_of(lab: Lab, host: str) -> object:
    hosts = lab.status()["hosts"]
    assert isinstance(hosts, list)
    return next(entry["state"] for entry in hosts if entry["name"] == host)


def _pids(lab: Lab) -> list[tuple[int, int]]:
    """Return every host's supervisor and first process, each with when it started."""
    spaces = [f"opspact.{lab.name}.{host}" for host in lab.hosts]
    found = [pid for space in spaces for pid in (processes.supervisor(space), processes.payload(space)) if pid]
    return [(pid, processes.started(pid)) for pid in found]


def _traces(lab: Lab, bridge: str) -> list[str]:
    interfaces = [
        entry.name
        for entry in Path("/sys/class/net").iterdir()
        if entry.name == bridge or entry.name.startswith(f"{bridge}h")
    ]
    namespaces = [path.name for path in Path("/run/netns").glob(f"opspact.{lab.name}.*")]
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"/disks/{lab.name}/" in line]
    groups = [str(path) for way in ("", "*/") for path in Path("/sys/fs/cgroup").glob(f"{way}opspact-lab/{lab.name}")]
    folders = [str(lab.folder)] if lab.folder.exists() else []
    return interfaces + namespaces + mounts + groups + folders


def _restart_the_machine(lab: Lab, bridge: str) -> None:
    """Do to the lab what a restart of the machine does: no process, interface, namespace or mount is left."""
    for host in lab.hosts:
        lab.kill(host)
        space = f"opspact.{lab.name}.{host}"
        subprocess.run(["ip", "netns", "del", space], check=True)
        namespace_path(space).touch()  # where /run is on disk, the file outlives the namespace
        assert not is_namespace(space)
    subprocess.run(["ip", "link", "del", bridge], check=True)
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if f"/disks/{lab.name}/" in line.split()[1]:
            subprocess.run(["umount", line.split()[1]], check=True)


def _wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
