"""The pipelines of `ci/templates`: forges accept them, opspact has their commands, pull requests get no secret.

The files that are read by GitLab and GitHub are validated by the schemas that `check-jsonschema` brings.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS

TOP = Path(__file__).parents[2]
TEMPLATES = TOP / "ci/templates"
GITLAB, GITHUB = TEMPLATES / "gitlab-ci.yml", TEMPLATES / "github-workflow.yml"
SCRIPTS = sorted(path for path in (TEMPLATES / "plain-git").rglob("*") if path.is_file())
DOCUMENTS = [GITLAB, GITHUB, *SCRIPTS, TOP / "docs/pipelines.md", TOP / ".pre-commit-hooks.yaml"]
CALL = re.compile(r"\b(?:opspact|run)((?: (?:[a-z]+(?=[\s`\])])|--?[a-z][a-z-]*|\"[^\"]*\"|\$?[A-Za-z./-]+))+)")


def read(path: Path) -> dict[str, Any]:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # texts alone
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(("schema", "path"), [("vendor.gitlab-ci", GITLAB), ("vendor.github-workflows", GITHUB)])
def test_a_pipeline_is_valid_by_the_schema_of_its_forge(schema: str, path: Path, tmp_path: Path) -> None:
    def says(file: Path) -> int:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert says(path) == 0
    wrong = tmp_path / path.name
    wrong.write_text(
        re.sub(r"^(\s+)(script|steps):", r"\1sript:", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert says(wrong) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_one_for_any_posix_shell(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert path.stat().st_mode & 0o111 == 0o111
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n", path], check=True)


def calls(path: Path) -> Iterator[list[str]]:
    """Yield the words after `opspact` of each call in a file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.lstrip().startswith("#") and not re.search(r"install|name:|repo", line):
            yield from (found.split() for found in CALL.findall(line))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_command_and_option_is_one_of_opspact(path: Path) -> None:
    parser = typer.main.get_command(application(list(COMMANDS)))
    found = 0
    for words in calls(path):
        command: Any = parser
        options = {option for parameter in parser.params for option in parameter.opts}
        for word in words:
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
                options |= {option for parameter in command.params for option in parameter.opts}
                found += 1
            elif word.startswith("--"):
                assert word in options, words
        if command is parser:
            assert words[0].startswith(("$", '"$', "contract")), words
    assert found or path.name == "post-receive" or "hooks.yaml" in path.name


def texts(value: Any) -> Iterator[str]:
    """Yield all texts of a part of a pipeline."""
    match value:
        case Mapping():
            for name, each in value.items():
                yield name
                yield from texts(each)
        case list():
            for each in value:
                yield from texts(each)
        case _:
            yield str(value)


def test_jobs_of_pull_requests_on_github_have_no_secret_and_no_runner_with_hosts() -> None:
    workflow = read(GITHUB)
    assert set(workflow["on"]) == {"pull_request", "push", "schedule"}
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    guarded = {name for name, job in jobs.items() if "secrets." in " ".join(texts(job)) or "opspact" in job["runs-on"]}
    assert guarded == {"plan-hosts", "apply", "scheduled"}
    for name in guarded:
        assert jobs[name]["environment"]
        assert jobs[name].get("if") in {"github.event_name == 'push'", "github.event_name == 'schedule'", None}
    assert jobs["apply"]["needs"] == "plan-hosts"
    assert jobs["plan"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    others = " ".join(text for name in set(jobs) - guarded for text in texts(jobs[name]))
    assert re.findall(r"\$\{\{ (.*?) \}\}", others) == ["github.event.pull_request.base.sha", "github.token"]


def test_jobs_of_merge_requests_on_gitlab_reach_no_host() -> None:
    pipeline = read(GITLAB)
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and ("script" in job)}
    guarded = {name for name, job in jobs.items() if job.get("extends") in {".hosts", ".scheduled"}}
    reaching = {
        name
        for name, job in jobs.items()
        if re.search(r"--live|apply|verify|collect|drift|drill|status", " ".join(texts(job["script"])))
    }
    assert reaching == guarded == {"plan-hosts", "apply", "verify", "collect", "drift", "drill", "status"}
    for name in guarded:
        rules = jobs[name].get("rules") or pipeline[jobs[name]["extends"]]["rules"]
        assert all('$CI_COMMIT_REF_PROTECTED == "true"' in rule["if"] for rule in rules), name
    assert pipeline[".scheduled"]["extends"] == ".hosts"
    assert pipeline[".hosts"]["resource_group"] == "opspact"
