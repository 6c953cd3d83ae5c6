"""fabric over our sessions on hosts of Debian 12 and 13: what its documentation shows, and the same as over paramiko.

Where the two differ on purpose, docs/decisions/0061-fabric.md gives the reason.
"""

import hashlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import fabric
import pytest
from asking import STRANGE, asks_for, forget
from invoke.exceptions import CommandTimedOut, Failure, UnexpectedExit
from invoke.runners import Promise
from invoke.watchers import Responder
from labkit import Lab
from reaching import HASTY, reached

from opspact.fleet import fence
from opspact.fleet.fabric.connection import Connection, PrivilegeRefused
from opspact.fleet.fabric.fabfile import TaskOutcome, call_task
from opspact.fleet.failures import HostLost
from opspact.fleet.fence import Hold
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.values.secret import Secret

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2")
SETTINGS = replace(HASTY, keeps_connections=True)


@contextmanager
def sessions_of(lab: Lab, *names: str, user: str = "ops", become: bool = False) -> Iterator[Sessions]:
    with open_sessions(
        [reached(lab, name, user=user, ansible_become=become) for name in names], settings=SETTINGS
    ) as sessions:
        yield sessions


def on_each(sessions: Sessions, work: Callable[[Connection], Any]) -> dict[str, Any]:
    """Do work with a connection to each host; what it raises is its result."""

    def done(session: Session) -> Any:
        connection = quiet(Connection(session))
        try:
            return work(connection)
        except (Failure, OSError) as error:
            return error
        finally:
            connection.close()

    return sessions.each(done)


def quiet(connection: Any) -> Any:
    connection.config.run.in_stream = False
    connection.config.run.hide = True
    return connection


def plain(result: Any) -> tuple[object, ...]:
    result = getattr(result, "result", result)
    return result.stdout, result.stderr, result.exited, result.ok, result.command, result.hide, result.pty


def raised(work: Callable[[], Any]) -> BaseException:
    with pytest.raises((Failure, OSError)) as error:
        work()
    return error.value


def in_directory(connection: Any, first: str, second: str = ".") -> str:
    with connection.cd(first), connection.cd(second):
        return cast("str", connection.run("pwd").stdout)


def prefixed(connection: Any, first: str, second: str) -> str:
    with connection.prefix(first), connection.prefix(second):
        return cast("str", connection.run("echo $X $Y").stdout)


def sent_and_fetched(connection: Any, here: Path) -> list[object]:
    (here / "sent").write_bytes(bytes(range(256)) * 999)
    (here / "sent").chmod(0o640)
    connection.run("mkdir -p folder")
    done = [connection.put(str(here / "sent")), connection.put(str(here / "sent"), "folder")]
    done.append(connection.get("folder/sent", f"{here}/{{basename}}-back"))
    modes = connection.run("stat -c '%a %s %U' sent folder/sent").stdout
    connection.put(io.StringIO("text"), "text")
    same = (here / "sent-back").read_bytes() == (here / "sent").read_bytes()
    names = [(each.remote, Path(each.local).name, each.orig_remote) for each in done]
    return [names, modes, same, oct((here / "sent-back").stat().st_mode), connection.run("cat text").stdout]


def attempted(work: Callable[[], str]) -> str:
    try:
        return work()
    except (Failure, OSError):
        return "failed"


def in_directory_as_root(connection: Any) -> str:
    with connection.cd("/usr"):
        return attempted(lambda: connection.sudo("pwd").stdout)


def directory_with_a_quote(connection: Any) -> str:
    connection.run("""mkdir -p "it's here" """)
    with connection.cd("it's here"):
        return attempted(lambda: connection.run("true") and "ok")


def put_text(connection: Any, text: str) -> str:
    return attempted(lambda: connection.put(io.StringIO(text), "chinese") and connection.run("cat chinese").stdout)


def leaves_a_process(connection: Any) -> str:
    begun = time.monotonic()
    connection.run("sleep 3 & echo started")
    return "waits" if time.monotonic() - begun >= 3 else "returns"


def left_after_a_time_limit(connection: Any) -> int:
    with pytest.raises(CommandTimedOut):
        connection.run("exec sleep 962.5", timeout=0.4)
    left = connection.run("pgrep -cfx 'sleep 962.5'", warn=True).stdout
    connection.run("pkill -fx 'sleep 962.5'", warn=True)
    return int(left)


CASES: dict[str, Callable[[Any, Path], Any]] = {
    "a result": lambda c, _: plain(c.run("echo 数据; echo err >&2; exit 3", warn=True)),
    "an error": lambda c, _: plain(raised(lambda: c.run("echo no >&2; exit 4"))),
    "the login": lambda c, _: (
        c.run('id -un; pwd; umask; echo "$SHELL $HOME $LOGNAME"; [[ a = a ]] && echo bash').stdout
    ),
    "the path": lambda c, _: c.run("echo $PATH").stdout,
    "a variable": lambda c, _: c.run("echo $A", env={"A": "b"}).stdout,
    "a directory": lambda c, _: in_directory(c, "/usr", "share"),
    "a directory with a blank": lambda c, _: [c.run("mkdir -p 'a b'").ok, in_directory(c, "a b")],
    "the home of a user": lambda c, _: in_directory(c, "~root/..", "~"),
    "a prefix": lambda c, _: prefixed(c, "export X=1", "Y=2"),
    "a terminal": lambda c, _: plain(c.run("stty size; echo $TERM; echo err >&2; exit 2", pty=True, warn=True)),
    "a prompt": lambda c, _: (
        c.run("printf 'Word? '; read a; echo got $a", watchers=[Responder(r"Word\?", "yes\n")]).stdout
    ),
    "a prompt at a terminal": lambda c, _: (
        c.run(
            "stty -echo; printf 'Word? '; read a; echo got $a", pty=True, watchers=[Responder(r"Word\?", "yes\n")]
        ).stdout
    ),
    "input": lambda c, _: c.run("wc -c; echo 数", in_stream=io.StringIO("数据")).stdout,
    "sudo": lambda c, _: c.sudo("id -un").stdout,
    "sudo of another user": lambda c, _: c.sudo("id -un", user="nobody").stdout,
    "a dry run": lambda c, _: plain(c.run("echo never", dry=True)),
    "a promise": lambda c, _: cast("Promise", c.run("sleep 0.2; echo later", asynchronous=True)).join().stdout,
    "a file": sent_and_fetched,
    "no file": lambda c, here: type(raised(lambda: c.get("/none", str(here / "none")))),
    "no place": lambda c, _: type(raised(lambda: c.put(io.StringIO("x"), "/none/file"))),
}
"""What has the same outcome with paramiko; most of it stands in fabric's documentation."""

DIFFERENCES: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "a signal ends a command": (lambda c: c.run("kill -9 $$", warn=True).exited, -1, 137),
    "what sudo runs": (lambda c: c.sudo("id -un && id -un").stdout, "root\nops\n", "root\nroot\n"),
    "sudo in a directory": (in_directory_as_root, "failed", "/usr\n"),
    "a value with blanks": (lambda c: c.run("echo $A", env={"A": "$HOME b"}).stdout, "/home/ops\n", "$HOME b\n"),
    "a directory with a quote": (directory_with_a_quote, "failed", "ok"),
    "Chinese text as a file": (lambda c: put_text(c, "数据"), "failed", "数据"),
    "output of Chinese": (lambda c: "\ufffd" in c.run("yes 数据 | head -c 600000").stdout[:-2], True, False),
    "what runs on": (leaves_a_process, "waits", "returns"),
    "after a time limit": (left_after_a_time_limit, 1, 0),
}
"""By what: a case, its outcome over paramiko, and over our sessions."""


@contextmanager
def over_paramiko(lab: Lab, name: str) -> Iterator[Any]:
    options = {"key_filename": str(lab.key)}
    with fabric.Connection(lab.address(name), "ops", config=fabric.Config(lazy=True), connect_kwargs=options) as made:
        yield quiet(made)


def test_outcomes_are_those_over_paramiko(two_releases: Lab, tmp_path: Path) -> None:
    def of(connection: Any, folder: Path) -> dict[str, Any]:
        folder.mkdir()
        return {name: case(connection, folder) for name, case in CASES.items()}

    with sessions_of(two_releases, *HOSTS) as sessions:
        ours = on_each(sessions, lambda connection: of(connection, tmp_path / connection.name))
    for name in HOSTS:
        with over_paramiko(two_releases, name) as theirs:
            assert ours[name] == of(theirs, tmp_path / f"{name}-paramiko")


def test_what_differs_differs_as_it_is_written(two_releases: Lab) -> None:
    with sessions_of(two_releases, "app1") as sessions:
        ours = on_each(sessions, lambda it: {name: case(it) for name, (case, _, _) in DIFFERENCES.items()})["app1"]
    with over_paramiko(two_releases, "app1") as connection:
        theirs = {name: case(connection) for name, (case, _, _) in DIFFERENCES.items()}
    wanted = {name: (outcome, own) for name, (_, outcome, own) in DIFFERENCES.items()}
    assert {name: (theirs[name], ours[name]) for name in DIFFERENCES} == wanted


def test_large_outputs_and_files_come_whole(two_releases: Lab, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(10_000_000))
    digest = hashlib.sha256((tmp_path / "large").read_bytes()).hexdigest()

    def work(connection: Connection) -> list[object]:
        text = connection.run("yes 数据库连接失败 | head -c 50000000").stdout
        connection.put(str(tmp_path / "large"), "large")
        there = connection.run("sha256sum large").stdout.split()[0]
        connection.get("large", f"{tmp_path}/{{host}}/")
        back = hashlib.sha256((tmp_path / connection.host / "large").read_bytes()).hexdigest()
        line = "数据库连接失败\n"
        return [set(text.split("\n")[:-1]) == {line.strip()}, len(text.encode()), there, back]

    with sessions_of(two_releases, *HOSTS) as sessions:
        found = on_each(sessions, work)
    # The last line is cut by `head`, in the middle of a character or not.
    for name in HOSTS:
        assert found[name][0] is True
        assert found[name][1] >= 50_000_000
        assert found[name][2:] == [digest, digest]


def test_a_time_limit_ends_the_process_of_each_user(two_releases: Lab) -> None:
    def work(connection: Connection) -> list[str]:
        sleep = "setsid sleep 961.5 & sleep 961.5"
        with pytest.raises(CommandTimedOut):
            connection.run(sleep, timeout=0.4)
        with pytest.raises(CommandTimedOut):
            connection.sudo(sleep, timeout=0.4, pty=True)
        with pytest.raises(CommandTimedOut):
            connection.sudo(sleep, timeout=0.4, user="nobody")
        until = time.monotonic() + 20
        while (left := connection.run("pgrep -fax 'sleep 961.5'", warn=True).stdout) and time.monotonic() < until:
            time.sleep(0.2)
        return left.splitlines()

    with sessions_of(two_releases, *HOSTS) as sessions:
        assert on_each(sessions, work) == {name: [] for name in HOSTS}


def test_groups_run_side_by_side_and_report_each_host(two_releases: Lab) -> None:
    with sessions_of(two_releases, *HOSTS) as sessions:
        members = list(sessions.each(lambda session: quiet(Connection(session))).values())
        group = fabric.ThreadingGroup.from_connections(members)
        assert {member.name: done.stdout for member, done in group.run("hostname").items()} == {
            name: f"{name}\n" for name in HOSTS
        }
        with pytest.raises(fabric.exceptions.GroupException) as failed:
            group.run('[ "$(hostname)" = app1 ]')
        result = failed.value.result
        assert [member.name for member in result.succeeded] == ["app1"]
        assert [type(error) for error in result.failed.values()] == [UnexpectedExit]


def test_who_may_not_become_root_is_told_so(two_releases: Lab) -> None:
    with sessions_of(two_releases, "app1", user="nosudo") as sessions:
        found = on_each(sessions, lambda it: [it.run("id -un").stdout, raised(lambda: it.sudo("id"))])["app1"]
    assert (found[0], type(found[1])) == ("nosudo\n", PrivilegeRefused)


def test_sudo_that_asks_gets_the_password_of_the_session_and_no_wrong_one_twice(two_releases: Lab) -> None:
    asks_for(two_releases, "app2", STRANGE)
    hosts = [reached(two_releases, "app2", user="asks", ansible_become=True)]
    settings = replace(SETTINGS, become_password=Secret(STRANGE))

    def work(session: Session) -> list[object]:
        connection = quiet(Connection(session))
        asked = "printf 'Password: '; cat; id -un"  # what looks like a prompt gets nothing
        found = [connection.sudo(asked, in_stream=io.StringIO("mine\n")).stdout, connection.run("id -un").stdout]
        with pytest.raises(PrivilegeRefused, match="sudo rejected the password"):
            connection.sudo("id", password="Wrong-3f")
        return found

    try:
        with open_sessions(hosts, settings=settings) as sessions:
            found = sessions.each(work)["app2"]
    finally:
        forget(two_releases, "app2")
    assert found == ["Password: mine\nroot\n", "asks\n"]


def test_another_run_that_has_taken_the_host_is_in_the_way(two_releases: Lab) -> None:
    def work(connection: Connection) -> list[object]:
        other = connection.session.fresh()
        fence.take(connection.session, Hold(fence.newest_token(connection.session) + 1, "r1", "python3"))
        before = connection.run("id -un").stdout, connection.sudo("id -un").stdout
        try:
            fence.take(other, Hold(fence.newest_token(other) + 1, "r2", "python3"))
        finally:
            other.close()
        with pytest.raises(HostLost) as lost:
            connection.run("touch written")
        return [*before, lost.value.reach, lost.value.attempt]

    with sessions_of(two_releases, *HOSTS, become=True) as sessions:
        assert on_each(sessions, work) == {name: ["ops\n", "root\n", Reach.BUSY, "r2"] for name in HOSTS}


def test_a_link_that_is_cut_is_a_lost_host_and_no_exit_status(two_releases: Lab, tmp_path: Path) -> None:
    (tmp_path / "fabfile.py").write_text(
        "from fabric import task\n\n@task\ndef work(c):\n    c.run('echo begun; sleep 60')\n"
    )

    def cut_while_it_runs(session: Session) -> TaskOutcome:
        threading.Timer(1.0, two_releases.cut, ("app2",)).start()
        return call_task(tmp_path / "fabfile.py", "work", Connection(session), arguments={})

    try:
        with sessions_of(two_releases, "app2") as sessions:
            outcome = sessions.each(cut_while_it_runs)["app2"]
    finally:
        two_releases.heal("app2")
    assert isinstance(outcome, TaskOutcome)
    assert outcome.lost is not None
    assert (outcome.lost.reach, outcome.output.splitlines()[1]) == (Reach.CUT_OFF, "begun")
