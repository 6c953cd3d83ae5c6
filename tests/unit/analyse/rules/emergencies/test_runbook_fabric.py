"""Edges of the rule about tasks of the fabfile: what can be read from it, and what only running it would tell."""

import pytest
from analysing import found
from runbook_texts import steps

TASKS = """\
from fabric import task
from helpers import other_task


@task
def restart(connection, unit, seconds=30, *, force=False): ...


@task(name="say-hello", aliases=["greet"])
def hello(connection): ...


@task
def anything(connection, **more): ...


def no_task(connection): ...
"""


def findings(fields: str, fabfile: str = TASKS) -> list[str]:
    files = {"runbooks/fabfile.py": fabfile}
    return [each.subject.removeprefix("step step-1 ") for each in found("OP287", steps(fields), files=files)]


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("{task: restart, arguments: {unit: x}}", []),
        ("{task: restart, arguments: {unit: x, seconds: '5', force: 'yes'}}", []),
        ("{task: restart, arguments: {units: x, unit: y}}", ["units"]),
        ("{task: restart, arguments: {seconds: '5'}}", ["restart needs"]),
        ("{task: restrat, arguments: {unit: x}}", ["restrat"]),
        ("{task: no_task}", ["no_task"]),
        ("{task: say_hello}", []),
        ("{task: greet}", []),
        ("{task: hello}", []),
        ("{task: anything, arguments: {a: b}}", []),
        ("{task: other_task, arguments: {a: b}}", []),
    ],
)
def test_a_task_and_its_arguments_are_those_of_the_fabfile(call: str, wrong: list[str]) -> None:
    assert findings(f"fabric: {call}") == wrong
    assert findings(f"command: [x], rollback: {{fabric: {call}}}") == wrong


@pytest.mark.parametrize(
    "fabfile",
    [
        "from tasks import *\n",
        "from invoke import Collection\nimport tasks\nns = Collection(tasks)\n",
        "if True:\n    from tasks import restrat\n",
        "for name in ['restrat']:\n    globals()[name] = make(name)\n",
        "def broken(:\n",
        "(" * 500,
        "\0",
        "x = " + "-" * 5000 + "1\n",
    ],
)
def test_what_cannot_be_read_is_not_judged(fabfile: str) -> None:
    assert findings("fabric: {task: restrat}", fabfile) == []


def test_a_fabfile_without_tasks_has_none() -> None:
    assert findings("fabric: {task: restrat}", "import os\n") == ["restrat"]
