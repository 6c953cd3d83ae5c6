"""A customer's fabfile: loaded without a trace, its tasks called with our connection, all of it written down."""

import sys
import threading
from pathlib import Path

import fabric
import pytest
from fabric_here import HERE, connected

from opspact.errors import Refused
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.fabric.fabfile import call_task, load_fabfile
from opspact.steps.check import Reach
from opspact.structs import replace

FABFILE = '''\
import sys
from fabric import Connection, task
from invoke import Responder
from helper import WORD

@task
def greet(c, name, loud=False, times=1):
    """Say hello."""
    for _ in range(times):
        c.run(f"echo hello {name}{'!' if loud else ''}", hide=True)
    print(f"greeted {name} {WORD}")
    return c.run("echo done", hide=True)

@task(iterable=["names"])
def add_all(c, names=None):
    import late
    return [late.upper(name) for name in names]

@task
def fail(c):
    c.run("echo some; echo why it failed >&2; exit 3")

@task
def crash(c):
    return {}["missing"]

@task
def ask(c):
    return c.run("printf 'Really? '; read a; echo $a", watchers=[Responder("Really", "yes\\n")])

@task
def empty_input(c):
    return c.run("cat; echo end")

@task
def elsewhere(c):
    Connection("198.51.100.7").run("id")

@task
def hang(c):
    c.run("echo begun; sleep 863.25", warn=True)

@task
def hang_here(c):
    c.local("sleep 865.25; sleep 865.25")

@task
def hang_twice(c):
    try:
        c.run("sleep 863.25")
    except Exception:
        c.run("touch after", hide=True)

@task
def look_away(c, how):
    try:
        c.run(how)
    except Exception:
        pass
    try:
        c.run("touch after")
    except Exception:
        pass
    return "fine"

@task
def leave(c):
    sys.exit("enough")

@task
def lose(c):
    c.run("kill -9 $PPID")

def before_all(c):
    c.run("echo first")

@task
def first(c):
    c.local("echo first")

@task(pre=[first], post=[first])
def between(c):
    c.run("echo second")
'''


@pytest.fixture
def fabfile(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "fabfile.py").write_text(FABFILE)
    (folder / "helper.py").write_text("WORD = '数据'\n")
    (folder / "late.py").write_text("def upper(text):\n    return text.upper()\n")
    return folder / "fabfile.py"


def test_tasks_are_found_by_name_and_nothing_stays_behind(fabfile: Path) -> None:
    path, modules, opens = list(sys.path), dict(sys.modules), fabric.Connection.open
    found = load_fabfile(fabfile)
    assert {"greet", "add-all", "between"} < set(found)
    assert "before_all" not in found
    assert found["greet"].__doc__ == "Say hello."
    assert (sys.path, dict(sys.modules), fabric.Connection.open) == (path, modules, opens)
    assert [each.name for each in sorted(fabfile.parent.iterdir())] == ["fabfile.py", "helper.py", "late.py"]


def test_what_it_prints_while_it_is_loaded_is_in_the_transcript_alone(
    tmp_path: Path, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fabfile.py"
    file.write_text("from fabric import task\nprint('loaded')\n@task\ndef go(c):\n    print('gone')\n")
    assert list(load_fabfile(file)) == ["go"]
    assert call_task(file, "go", connection, arguments={}).output == "loaded\ngone\n"
    assert capsys.readouterr().out == ""


def test_names_of_tasks_come_from_its_own_collection_too(tmp_path: Path) -> None:
    (tmp_path / "fabfile.py").write_text(
        "from invoke import Collection, task\n"
        "@task(aliases=['halt'])\ndef stop(c):\n    return c.run('exit 5')\n"
        "ns = Collection(web=Collection(stop))\nns.configure({'run': {'warn': True}})\n"
    )
    assert set(load_fabfile(tmp_path / "fabfile.py")) == {"web.stop"}
    done = call_task(tmp_path / "fabfile.py", "web.stop", connected(), arguments={})
    assert (done.error, done.output) == ("", "$ exit 5\n[exit status 5]\n")


def test_a_task_returns_its_value_and_the_whole_transcript(
    fabfile: Path, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call_task(fabfile, "greet", connection, arguments={"name": "db", "loud": "yes", "times": "2"})
    assert (done.value, done.error, done.lost) == ("done\n", "", None)
    once = "$ echo hello db!\nhello db!\n[exit status 0]\n"
    assert done.output == f"{once}{once}greeted db 数据\n$ echo done\ndone\n[exit status 0]\n"
    assert capsys.readouterr() == ("", "")
    assert connection.transcript is None


def test_a_list_has_an_element_a_line_and_imports_inside_of_tasks_work(fabfile: Path, connection: Connection) -> None:
    assert call_task(fabfile, "add_all", connection, arguments={"names": "a\nb c"}).value == "['A', 'B C']"
    assert "late" not in sys.modules


def test_what_comes_before_and_after_a_task_is_done(fabfile: Path, connection: Connection) -> None:
    done = call_task(fabfile, "between", connection, arguments={})
    assert [line for line in done.output.splitlines() if line.startswith("$")] == [
        "$ echo first",
        "$ echo second",
        "$ echo first",
    ]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("fail", "exit status 3 of 'echo some; echo why it failed >&2; exit 3': why it failed (fabfile.py, line 21)"),
        ("crash", "KeyError: 'missing' (fabfile.py, line 25)"),
        ("leave", "enough"),
    ],
)
def test_an_error_of_a_task_is_its_message_and_its_line(
    fabfile: Path, connection: Connection, *, name: str, error: str
) -> None:
    done = call_task(fabfile, name, connection, arguments={})
    assert (done.error, "Traceback" in done.output + done.error) == (error, False)
    if name == "fail":
        assert {"some", "why it failed"} <= set(done.output.splitlines())


def test_nobody_sits_at_the_keyboard_and_prompts_are_answered(fabfile: Path, connection: Connection) -> None:
    connection.config.run.in_stream = None
    assert call_task(fabfile, "ask", connection, arguments={}).value == "Really? yes\n"
    assert call_task(fabfile, "empty_input", connection, arguments={}).value == "end\n"


def test_a_connection_of_the_fabfiles_own_is_refused(fabfile: Path, connection: Connection) -> None:
    done = call_task(fabfile, "elsewhere", connection, arguments={})
    assert "no connection of its own, to 198.51.100.7" in done.error
    assert "use the connection that the task is called with" in done.error


def test_a_time_limit_is_one_for_the_whole_task(fabfile: Path, connection: Connection, tmp_path: Path) -> None:
    done = call_task(fabfile, "hang", connection, arguments={}, timeout=0.4)
    assert done.error == "'echo begun; sleep 863.25' did not end within 0.4 s (fabfile.py, line 41)"
    assert done.lost is None
    assert "begun" in done.output
    done = call_task(fabfile, "hang_here", connection, arguments={}, timeout=0.4)
    assert done.error.startswith("'sleep 865.25; sleep 865.25' did not end within 0.4 s")
    with connection.cd(tmp_path):
        done = call_task(fabfile, "hang_twice", connection, arguments={}, timeout=0.4)
    assert "the time limit of the task is reached" in done.error
    assert not (tmp_path / "after").exists()
    assert connection.run("echo on").stdout == "on\n"


def test_a_lost_host_is_said_to_be_lost_with_what_was_done(fabfile: Path, connection: Connection) -> None:
    done = call_task(fabfile, "lose", connection, arguments={})
    assert done.lost is not None
    assert (done.lost.reach, done.output.splitlines()[0]) == (Reach.BROKEN, "$ kill -9 $PPID")
    assert done.lost.detail in done.output


def test_a_task_cannot_look_away_from_a_lost_host_or_its_time_limit(
    fabfile: Path, connection: Connection, tmp_path: Path
) -> None:
    with connection.cd(tmp_path):
        late = call_task(fabfile, "look_away", connection, arguments={"how": "sleep 864.25"}, timeout=0.4)
        done = call_task(fabfile, "look_away", connection, arguments={"how": "kill -9 $PPID"})
    assert (late.error, late.lost) == ("the time limit of the task is reached", None)
    assert done.lost is not None
    assert (done.value, done.lost.reach, (tmp_path / "after").exists()) == ("", Reach.BROKEN, False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x = 1\ndef f(:\n", "line 2"),
        ("import nothing_there\n", "line 1"),
        ("\n\nraise KeyError('x')\n", "line 3"),
        ("import sys\nsys.exit(1)\n", "line 2"),
    ],
)
def test_a_fabfile_that_cannot_be_loaded_is_refused_with_its_line(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "fabfile.py").write_text(text)
    with pytest.raises(Refused, match=rf"fabfile\.py, {place}\)"):
        load_fabfile(tmp_path / "fabfile.py")


def test_a_fabfile_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        load_fabfile(tmp_path / "fabfile.py")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("gret", {}, "no task 'gret'"),
        ("greet", {}, "'name' is missing"),
        ("greet", {"name": "x", "colour": "red"}, "no parameter 'colour'"),
        ("greet", {"name": "x", "times": "many"}, "'many' is not a number"),
        ("greet", {"name": "x", "loud": "maybe"}, "neither true nor false"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_before_anything_is_done(
    fabfile: Path, connection: Connection, *, name: str, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        call_task(fabfile, name, connection, arguments=arguments)
    assert not connection.is_connected


def test_tasks_of_several_hosts_at_once_have_each_their_own_transcript(
    fabfile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, str] = {}

    def call(name: str) -> None:
        member = connected(replace(HERE, host=name))
        found[name] = call_task(fabfile, "greet", member, arguments={"name": name, "times": "3"}).output

    path, modules = list(sys.path), set(sys.modules)
    threads = [threading.Thread(target=call, args=(f"host{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    print("progress of ours")  # noqa: T201 - by another thread than those of tasks
    for thread in threads:
        thread.join()
    assert {name: text.count(f"hello {name}\n[") for name, text in found.items()} == {
        f"host{number}": 3 for number in range(6)
    }
    assert all(text.count("greeted") == 1 and f"greeted {name} " in text for name, text in found.items())
    assert capsys.readouterr().out == "progress of ours\n"
    assert (list(sys.path), set(sys.modules)) == (path, modules)
