"""A unit reads its files again when they are not what it read, and only when its configuration passes its test.

The task's own script is run by sh on real files; systemd alone is played.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from looked_at import Said

from opspact.model import names
from opspact.steps import restart, systemd
from opspact.steps.base import Task
from opspact.steps.configuration_test import configuration_test
from opspact.steps.restart import UNREAD

LONG_AGO = 1_000_000_000
SYSTEMCTL = """\
cd {folder} || exit
case $1 in
  show) cat shown ;;
  *) echo "$1" >>done; [ "$1" = reload ] || {{ echo x >>starts; started=$(cat starts | wc -l); }}
     [ "$1" = reload ] || sed -i "s/InvocationID=.*/InvocationID=start$started/" shown ;;
esac
"""


@dataclass
class Machine:
    """A unit that runs since long ago, in a folder; `done` is what systemd was asked to do."""

    folder: Path
    script: str = restart.SCRIPT

    def __post_init__(self) -> None:
        self.script = self.script.replace(names.LAST_APPLY, f"{self.folder}/last")
        (self.folder / "systemctl").write_text(f"#!/bin/sh\n{SYSTEMCTL.format(folder=self.folder)}")
        (self.folder / "systemctl").chmod(0o755)
        self.show()

    def show(self, *, active: str = "active", start: str = "start0", since: int = LONG_AGO) -> None:
        shown = {"ActiveState": active, "InvocationID": start, "InactiveExitTimestamp": f"@{since}"}
        text = "".join(
            f"{name}={shown.get(name, 'x')}\n" for name in (*systemd.PROPERTIES, *systemd.SERVICE_PROPERTIES)
        )
        (self.folder / "shown").write_text(text)

    @property
    def note(self) -> Path:
        return self.folder / "units/oa.service"

    @property
    def done(self) -> list[str]:
        log = self.folder / "done"
        return log.read_text().split() if log.exists() else []

    def file(self, name: str, text: str = "as it was\n") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, script: str, *words: str) -> Said:
        done = subprocess.run(
            ["/bin/sh", "-s", "--", *words],
            input=script,
            env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Said(done.stdout, done.returncode, done.stderr)

    def carry_out(self, task: Task) -> Said:
        _, _, _, unit, _, *words = map(str, task.arguments["argv"])  # type: ignore[call-overload]
        return self.run(self.script, unit, str(self.note), *words)

    def apply(self, restarts: tuple[Path, ...] = (), reloads: tuple[Path, ...] = (), test: str = "") -> Said:
        paths = (map(str, restarts), map(str, reloads))
        return self.carry_out(restart.restart_after_change("oa.service", *paths, test=test))

    def unread(self, *wishes: str) -> list[str]:
        said = self.run(UNREAD, "oa.service", str(self.note), *wishes)
        assert said.rc == 0, said.stderr
        return [line for line in said.stdout.splitlines() if "\t" in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_file_that_changed_since_the_start_is_read_by_a_restart_once(machine: Machine) -> None:
    file = machine.file("oa.conf")
    assert machine.unread(f"restart:{file}") == [f"restart\t{file}"]
    assert "changed" in machine.apply((file,)).stdout
    assert machine.unread(f"restart:{file}") == []
    assert machine.apply((file,)).stdout == ""
    assert machine.done == ["restart"]


def test_a_change_of_mode_or_owner_or_time_alone_restarts_nothing(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    file.chmod(0o600)
    os.utime(file, (1, 1))
    assert machine.unread(f"restart:{file}") == []
    machine.apply((file,))
    assert machine.done == ["restart"]


def test_what_is_written_back_as_the_unit_has_read_it_restarts_nothing(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    machine.file("oa.conf", "by hand\n")
    assert machine.unread(f"restart:{file}") == [f"restart\t{file}"]
    machine.file("oa.conf")
    assert machine.unread(f"restart:{file}") == []
    assert machine.apply((file,)).rc == 0
    assert machine.done == ["restart"]


def test_a_change_with_an_old_time_is_seen(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    seen = file.stat()
    machine.file("oa.conf", "by hand!\n")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert machine.unread(f"restart:{file}") == [f"restart\t{file}"]


def test_after_a_restart_by_hand_nothing_is_restarted_again(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    machine.file("oa.conf", "by hand\n")
    machine.show(start="by hand", since=int(file.stat().st_ctime))
    assert machine.unread(f"restart:{file}") == []
    machine.apply((file,))
    assert machine.done == ["restart"]
    file.chmod(0o600)
    machine.show(start="by hand", since=LONG_AGO)  # as if the mode had been changed much later
    assert machine.unread(f"restart:{file}") == []


def test_what_was_read_before_a_restart_by_hand_says_nothing_of_now(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    machine.show(start="by hand")  # long ago: the file, as it is, was not there then
    assert machine.unread(f"restart:{file}") == [f"restart\t{file}"]


def test_a_reload_is_enough_for_what_reloads(machine: Machine) -> None:
    file, other = machine.file("site.conf"), machine.file("environment")
    machine.apply((other,), (file,))
    machine.file("site.conf", "new\n")
    assert machine.unread(f"restart:{other}", f"reload:{file}") == [f"reload\t{file}"]
    machine.apply((other,), (file,))
    assert machine.done == ["restart", "reload"]
    assert machine.unread(f"restart:{other}", f"reload:{file}") == []
    machine.file("environment", "new\n")
    assert machine.unread(f"restart:{other}", f"reload:{file}") == [f"restart\t{other}"]


def test_a_link_is_read_by_where_it_leads(machine: Machine) -> None:
    link = machine.folder / "link"
    link.symlink_to("/srv/oa")
    machine.apply((link,))
    link.unlink()
    link.symlink_to("/srv/oa")
    assert machine.unread(f"restart:{link}") == []
    link.unlink()
    link.symlink_to("/srv/other")
    assert machine.unread(f"restart:{link}") == [f"restart\t{link}"]


@pytest.mark.parametrize("how", ["restart", "reload"])
def test_a_configuration_that_fails_its_test_is_not_read(machine: Machine, how: str) -> None:
    file = machine.file("oa.conf")
    files = {f"{how}s": (file,)}
    said = machine.apply(**files, test="seq 100; echo 'unexpected end of file' >&2; false")
    assert (said.rc, machine.done) == (1, [])
    assert said.stderr.splitlines()[0].startswith(f"oa.service was not {how}ed and keeps the configuration that it has")
    assert said.stderr.splitlines()[5] == "unexpected end of file"
    assert len(said.stderr.splitlines()) == 7
    assert machine.unread(f"{how}:{file}") == [f"{how}\t{file}"]
    assert machine.apply(**files, test="true").rc == 0
    assert machine.done == [how]


FINE = "! grep -qs broken {0}/oa.conf && ! grep -qs broken {0}/site.conf"


def test_what_would_not_start_makes_way_for_what_was_read(machine: Machine) -> None:
    file, other, test = (
        machine.file("oa.conf", "good\n"),
        machine.file("site.conf", "as it was\n"),
        FINE.format(machine.folder),
    )
    file.chmod(0o640)
    machine.apply((file,), (other,), test=test)
    machine.file("site.conf", "new\n")
    machine.file("oa.conf", "broken\n").chmod(0o644)
    said = machine.apply((file,), (other,), test=test)
    assert (said.rc, machine.done) == (1, ["restart"])
    assert (
        f"put back as oa.service has read it, and what was refused is kept below {machine.note}.refused: "
        in said.stderr
    )
    assert (file.read_text(), file.stat().st_mode & 0o777, other.read_text()) == ("good\n", 0o640, "as it was\n")
    refused = Path(f"{machine.note}.refused")
    assert (refused.stat().st_mode & 0o777, Path(f"{refused}{file}").read_text()) == (0o700, "broken\n")
    assert machine.unread(f"restart:{file}", f"reload:{other}") == []
    assert machine.apply((file,), (other,), test=test) == Said()


def test_what_would_not_start_and_is_new_goes(machine: Machine) -> None:
    file, other = machine.file("oa.conf", "broken\n"), machine.file("site.conf")
    (machine.folder / "last").mkdir()
    (machine.folder / "last/absent").write_text(f"{file}\n{other}\n")
    assert machine.apply((file,), (other,), test=FINE.format(machine.folder)).rc == 1
    assert not file.exists()
    assert not other.exists()
    assert Path(f"{machine.note}.refused{file}").read_text() == "broken\n"
    assert machine.unread(f"restart:{file}") == []


def test_a_file_of_which_nobody_knows_what_it_was_never_goes(machine: Machine) -> None:
    file = machine.file("oa.conf", "broken\n")  # written long ago, and the unit was not told then
    said = machine.apply((file,), test=FINE.format(machine.folder))
    assert said.stderr.splitlines()[-1].endswith("what was in it before is not known")
    assert file.read_text() == "broken\n"


def test_a_file_that_was_renamed_is_read_once_and_not_missed(machine: Machine) -> None:
    old, test = machine.file("old.conf"), f"test -e {machine.folder}/old.conf || test -e {machine.folder}/new.conf"
    machine.apply((old,), test=test)
    old.unlink()
    new = machine.file("new.conf")
    assert "changed" in machine.apply((new,), test=test).stdout
    (task,) = restart.after_removal(str(old), ("oa.service",), ())
    assert machine.carry_out(task) == Said()
    assert machine.done == ["restart", "restart"]


def test_what_is_put_back_has_its_directory(machine: Machine) -> None:
    folder = machine.folder / "conf.d"
    folder.mkdir()
    file, test = machine.file("conf.d/oa.conf"), f"test -e {folder}/oa.conf"
    machine.apply((file,), test=test)
    file.unlink()
    folder.rmdir()
    (task,) = restart.after_removal(str(file), ("oa.service",), ())
    assert (machine.carry_out(task).rc, file.read_text()) == (1, "as it was\n")


def test_what_would_not_start_makes_way_for_what_opspact_wrote_over(machine: Machine) -> None:
    file = machine.file("oa.conf", "broken\n")
    former = Path(f"{machine.folder}/last/files{file}")
    former.parent.mkdir(parents=True)
    former.write_text("theirs\n")
    assert machine.apply((file,), test=FINE.format(machine.folder)).rc == 1
    assert file.read_text() == "theirs\n"
    machine.show(start="after a reboot")
    machine.file("oa.conf", "broken\n")
    former.unlink()
    assert machine.apply((file,), test=FINE.format(machine.folder)).rc == 1
    assert file.read_text() == "theirs\n"


def test_a_link_that_would_not_start_leads_where_it_led(machine: Machine) -> None:
    link, test = machine.folder / "link", f"test -e {machine.folder}/link"
    file = machine.file("oa.conf")
    file.chmod(0o640)
    link.symlink_to(file)
    machine.apply((link,), test=test)
    link.unlink()
    link.symlink_to("/nowhere")
    assert machine.apply((link,), test=test).rc == 1
    assert (link.readlink(), file.stat().st_mode & 0o777) == (file, 0o640)


def test_a_file_that_is_gone_and_needed_comes_back(machine: Machine) -> None:
    file, test = machine.file("oa.conf"), f"test -e {machine.folder}/oa.conf"
    machine.apply((file,), test=test)
    file.unlink()
    (task,) = restart.after_removal(str(file), ("oa.service",), ())
    assert (machine.carry_out(task).rc, file.read_text()) == (1, "as it was\n")
    assert machine.unread() == []


@pytest.mark.parametrize("test", ["false", "no-such-program", "exit 126", "kill -9 $$"])
def test_a_test_that_says_nothing_of_the_files_changes_none(machine: Machine, test: str) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,), test="true")
    machine.file("oa.conf", "new\n")
    assert machine.apply((file,), test=test).rc == 1
    assert file.read_text() == "new\n"
    assert machine.unread(f"restart:{file}") == [f"restart\t{file}"]
    assert not Path(f"{machine.note}.refused").exists()


def test_what_is_too_large_to_keep_stays(machine: Machine) -> None:
    file, test = machine.file("oa.conf", "x" * 2_000_000), FINE.format(machine.folder)
    machine.apply((file,), test=test)
    assert not Path(f"{machine.note}.read{file}").exists()
    machine.file("oa.conf", "broken\n")
    said = machine.apply((file,), test=test)
    assert said.stderr.splitlines()[-1].endswith("what was in it before is not known")
    assert file.read_text() == "broken\n"


@pytest.mark.slow
def test_a_test_that_hangs_ends(machine: Machine) -> None:
    machine.script = machine.script.replace("timeout -k 5 60 ", "timeout -k 1 0.2 ")
    said = machine.apply((machine.file("oa.conf"),), test="trap '' TERM; sleep 9")
    assert (said.rc, machine.done) == (1, [])
    assert "did not end within" in said.stderr


def test_nothing_is_tested_or_restarted_for_no_change(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,))
    assert machine.apply((file,), test="false").rc == 0


def test_a_stopped_unit_reads_nothing(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.show(active="inactive")
    assert machine.apply((file,), test="false") == Said()
    (task,) = restart.after_removal(str(file), ("oa.service",), ())
    assert (machine.carry_out(task), machine.done, machine.note.exists()) == (Said(), [], False)


def test_a_file_that_is_gone_has_not_been_left_out_until_the_unit_read_that(machine: Machine) -> None:
    file, other = machine.file("oa.conf"), machine.file("site.conf")
    machine.apply((file,), (other,), test="true")
    file.unlink()
    other.unlink()
    assert sorted(machine.unread()) == [f"reload\t{other}", f"restart\t{file}"]
    (task,) = restart.after_removal(str(file), ("oa.service",), ())
    assert "changed" in machine.carry_out(task).stdout
    assert machine.unread() == []


def test_after_a_removal_the_configuration_is_tested_as_the_policy_said(machine: Machine) -> None:
    file = machine.file("oa.conf")
    machine.apply((file,), test=f"test -e {machine.folder}/fine")
    machine.file("fine")
    machine.apply((file,), test=f"test -e {machine.folder}/fine")
    (machine.folder / "fine").unlink()
    file.unlink()
    (task,) = restart.after_removal(str(file), ("oa.service",), ())
    assert machine.carry_out(task).rc == 1
    assert machine.done == ["restart"]
    assert machine.unread() == [f"restart\t{file}"]


def test_what_another_contract_has_it_read_is_kept(machine: Machine) -> None:
    ours, theirs = machine.file("ours"), machine.file("theirs")
    machine.apply((theirs,))
    machine.apply((ours,))
    machine.file("theirs", "new\n")
    assert machine.unread(f"restart:{theirs}") == [f"restart\t{theirs}"]
    theirs.chmod(0o600)
    machine.apply((theirs, ours))
    assert machine.done == ["restart", "restart", "restart"]


def test_a_note_is_roots_alone_and_holds_no_content(machine: Machine) -> None:
    machine.apply((machine.file("secret", "hunter2\n"),))
    assert machine.note.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in machine.note.read_text()


@pytest.mark.parametrize(
    ("unit", "program"),
    [
        ("nginx.service", "nginx -t"),
        ("ssh.service", "/usr/sbin/sshd -t"),
        ("postgresql@15-main.service", "/etc/postgresql/15/main/postgresql.conf"),
        ("postgresql.service", "/etc/postgresql/*/*/postgresql.conf"),
        ("postgresql.service", "pg_hba_file_rules"),
        ("php8.2-fpm.service", "php-fpm8.2 -t"),
        ("dnsmasq.service", "--test -7 /etc/dnsmasq.d,"),
        ("nftables.service", "nft -c "),
    ],
)
def test_well_known_services_have_their_test(unit: str, program: str) -> None:
    assert program in configuration_test(unit)
    assert "\n" not in configuration_test(unit)


@pytest.mark.parametrize("unit", ["oa.service", "nginx.timer", "ssh.socket", "keepalived.service", "postfix.service"])
def test_others_have_none(unit: str) -> None:
    assert configuration_test(unit) == ""
