"""Tasks of a customer's own fabfile: found by name, called with a connection of ours.

Comes in: a fabfile, the name of a task, arguments as text. Goes out: what the task returned, and all that it and its
commands printed; Refused where the file or the call is wrong. Its folder is where it imports from, and nothing of that
stays behind. A connection that it makes itself is refused: hosts come from the inventory.

The file is a program of the customer's: it is run for what it is, never read from a branch that nobody has merged.
"""

import inspect
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import fabric.connection
from invoke.collection import Collection
from invoke.exceptions import CommandTimedOut, Exit, Failure, UnexpectedExit
from invoke.runners import Result
from invoke.tasks import Call, Task

from opspact.errors import OpspactError, Refused
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.fabric.print_redirect import redirect_prints
from opspact.fleet.fabric.transcript import Transcript
from opspact.fleet.failures import HostLost, quoted
from opspact.structs import Struct, replace
from opspact.text.suggestions import did_you_mean

_NAME = "fabfile"
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0", ""}
_LOADING = threading.RLock()


class TaskOutcome(Struct):
    """What became of a task.

    `value` is what it returned as text: of a result its standard output, empty for None. `output` is the transcript:
    its commands, what they and the task printed, their exit statuses. `error`: why it failed; empty: it did not.
    `lost`: the host was lost on the way, and what the command did is unknown.
    """

    value: str
    output: str
    error: str = ""
    lost: HostLost | None = None


def load_fabfile(path: Path) -> dict[str, Task[Any]]:
    """Given a fabfile, return its tasks by the names they are called by. Raise Refused when it cannot be loaded."""
    with _importing(path.parent), redirect_prints(lambda _: None):
        collection = _collection(path)
        return {name: collection[name] for name in collection.task_names}


def call_task(
    fabfile: Path, name: str, connection: Connection, *, arguments: Mapping[str, str], timeout: float | None = None
) -> TaskOutcome:
    """Given a fabfile, the name of a task, a connection and arguments by name, call the task; return what became of it.

    An argument is converted to the type of its default: a boolean, a number; a list has a line for each element. After
    `timeout` (seconds), the command that runs on the host is ended, and no other one begins. Raise Refused, before
    anything is done, when there is no such task or the arguments do not fit.
    """
    transcript = Transcript()
    with _importing(fabfile.parent), redirect_prints(transcript.add):
        collection = _collection(fabfile)
        task = _task(collection, name, fabfile)
        given = _converted(task, name, arguments)
        connection.config.load_collection(collection.configuration(_known_name(collection, name)))
        connection.transcript = transcript
        connection.deadline = None if timeout is None else time.monotonic() + timeout
        try:
            outcome = _outcome(lambda: _call(task, connection, given), fabfile, transcript)
            return _corrected(outcome, transcript, deadline=connection.deadline)
        finally:
            connection.transcript = connection.deadline = None
            connection.close()


def _corrected(outcome: TaskOutcome, transcript: Transcript, *, deadline: float | None) -> TaskOutcome:
    """Return what became of a task that may have caught what was not its own to judge."""
    if transcript.lost is not None:
        return TaskOutcome("", outcome.output, str(transcript.lost), transcript.lost)
    if not outcome.error and deadline is not None and time.monotonic() >= deadline:
        return replace(outcome, error="the time limit of the task is reached")
    return outcome


def _outcome(work: Callable[[], object], fabfile: Path, transcript: Transcript) -> TaskOutcome:
    """Do the work of a task, and say what became of it, whatever it raises."""
    try:
        value = work()
    except HostLost as lost:
        return TaskOutcome("", transcript.text, str(lost), lost)
    except (Exit, SystemExit) as ended:
        return TaskOutcome("", transcript.text, _exit_reason(ended))
    except Exception as error:  # noqa: BLE001 - the customer's program may raise anything
        return TaskOutcome("", transcript.text, _reason(error, fabfile))
    text = value.stdout if isinstance(value, Result) else "" if value is None else str(value)
    return TaskOutcome(text, transcript.text)


def _exit_reason(ended: Exit | SystemExit) -> str:
    """Return why a task ended by itself; empty: it was done."""
    said = ended.message if isinstance(ended, Exit) else ended.code
    if isinstance(said, str) and said:
        return said
    return f"the task ended with exit status {ended.code}" if ended.code else ""


def _reason(error: Exception, fabfile: Path) -> str:
    """Return why a task failed, in a line, and where in the fabfile."""
    match error:
        case UnexpectedExit():
            said = quoted((error.result.stderr or error.result.stdout).encode())
            words = f"exit status {error.result.exited} of {error.result.command!r}" + (f": {said}" if said else "")
        case CommandTimedOut():
            words = f"{error.result.command!r} did not end within {round(error.timeout, 1):g} s"
        case Failure():
            words = " ".join(str(error).split("\n\nStdout:")[0].split())
        case OpspactError():
            words = f"{error}; {error.hint}" if error.hint else str(error)
        case _:
            words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = _place(error, fabfile)
    return f"{words} ({place})" if place else words


def _place(error: BaseException, fabfile: Path) -> str:
    """Return the last place in the fabfile's folder that an error went through: file and line."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    folder = fabfile.resolve().parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if folder in Path(frame.filename).parents]
    return f"{Path(frames[-1].filename).relative_to(folder)}, line {frames[-1].lineno}" if frames else ""


def _collection(path: Path) -> Collection:
    """Load a fabfile. Raise Refused with file and line when that fails."""
    path = path.resolve()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}", hint="write the fabfile, or name another") from None
    module = ModuleType(_NAME)
    module.__file__ = str(path)
    with _LOADING:
        sys.modules[_NAME] = module
        try:
            exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - the customer's own program
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
            place = _place(error, path)
            words = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
            raise Refused(f"the fabfile cannot be loaded: {words} ({place or path.name})") from None
    return Collection.from_module(module)


def _known_name(collection: Collection, name: str) -> str:
    """Return the name by which a task is called: with `-`, as invoke shows it, where it is written with `_`."""
    dashed = name.replace("_", "-")
    return name if name in collection.task_names or dashed not in collection.task_names else dashed


def _task(collection: Collection, name: str, fabfile: Path) -> Task[Any]:
    known = _known_name(collection, name)
    aliases = [alias for others in collection.task_names.values() for alias in others]
    names = [*collection.task_names, *aliases]
    if known not in names:
        listed = ", ".join(sorted(collection.task_names)) or "none"
        hint = did_you_mean(name, names) or f"its tasks: {listed}"
        raise Refused(f"{fabfile.name} has no task {name!r}", hint=hint)
    found: Task[Any] = collection[known]
    return found


def _converted(task: Task[Any], name: str, arguments: Mapping[str, str]) -> dict[str, object]:
    """Return arguments as the task takes them. Raise Refused with everything that does not fit."""
    _, *own = inspect.signature(task).parameters.items()  # the first one is the connection
    parameters = dict(own)
    named = {argument.replace("-", "_"): value for argument, value in arguments.items()}
    has_others = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    plain = {
        key: parameter
        for key, parameter in parameters.items()
        if parameter.kind not in {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    }
    wrong = [f"no parameter {key!r}" for key in named if key not in plain and not has_others]
    wrong += [
        f"{key!r} is missing"
        for key, parameter in plain.items()
        if key not in named and parameter.default is inspect.Parameter.empty
    ]
    converted: dict[str, object] = {}
    for key, value in named.items():
        try:
            converted[key] = _value(task, key, value, default=plain[key].default) if key in plain else value
        except ValueError as error:
            wrong.append(f"{key!r}: {error}")
    if wrong:
        takes = ", ".join(plain) or "nothing"
        raise Refused(f"arguments of task {name!r}: {'; '.join(wrong)}", hint=f"it takes {takes}")
    return converted


def _value(task: Task[Any], key: str, value: str, *, default: object) -> object:
    """Return a value as the type of the parameter's default. Raise ValueError when it is none."""
    if key in task.iterable:
        return value.splitlines()
    if isinstance(default, bool):
        if value.lower() not in _TRUE | _FALSE:
            raise ValueError(f"{value!r} is neither true nor false")
        return value.lower() in _TRUE
    kind = int if key in task.incrementable else type(default)
    if kind in {int, float}:
        try:
            return kind(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a number") from None
    return value


def _call(task: Task[Any], connection: Connection, arguments: Mapping[str, object]) -> object:
    """Call a task between those that it names as coming before and after it."""
    for earlier in task.pre:
        _call_named(earlier, connection)
    value: object = task(connection, **arguments)
    for later in task.post:
        _call_named(later, connection)
    return value


def _call_named(named: Any, connection: Connection) -> None:
    """Call what a task names as coming before or after it: a task, or a call with arguments."""
    if not isinstance(named, Call):
        _call(named, connection, {})
        return
    for earlier in named.task.pre:
        _call_named(earlier, connection)
    named.task(connection, *named.args, **named.kwargs)
    for later in named.task.post:
        _call_named(later, connection)


class _Imports:
    """Who imports from a fabfile's folder at this moment; the last one leaves everything as the first one found it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.path: list[str] = []
        self.modules: dict[str, ModuleType] = {}
        self.writes_bytecode = False
        self.connects = fabric.connection.Connection.open


_IMPORTS = _Imports()


@contextmanager
def _importing(folder: Path) -> Iterator[None]:
    """Have modules found in a folder first, as fabric has it, and connections of fabric's own refused.

    Afterwards nothing that came from the folder is there.
    """
    place = str(folder.resolve())
    with _IMPORTS.lock:
        if not _IMPORTS.users:
            _IMPORTS.path, _IMPORTS.modules = list(sys.path), dict(sys.modules)
            _IMPORTS.writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            _IMPORTS.connects, fabric.connection.Connection.open = fabric.connection.Connection.open, _refuse
        _IMPORTS.users += 1
        if place not in sys.path:
            sys.path.insert(0, place)
    try:
        yield
    finally:
        with _IMPORTS.lock:
            _IMPORTS.users -= 1
            if not _IMPORTS.users:
                sys.path[:], sys.dont_write_bytecode = _IMPORTS.path, _IMPORTS.writes_bytecode
                fabric.connection.Connection.open = _IMPORTS.connects
                _forget(place)


def _forget(folder: str) -> None:
    """Take out the modules that came from a folder, and put back those that had their names before."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), "")
        if module is not _IMPORTS.modules.get(name) and (name == _NAME or Path(file).is_relative_to(folder)):
            del sys.modules[name]
            if before := _IMPORTS.modules.get(name):
                sys.modules[name] = before
    _IMPORTS.modules = {}


def _refuse(connection: fabric.connection.Connection) -> NoReturn:
    """Stand in the place of fabric's own `open`, which would compare no host keys."""
    raise Refused(
        f"a fabfile makes no connection of its own, to {connection.original_host}",
        hint="name the host in the runbook, and use the connection that the task is called with",
    )
