"""Pull requests of strangers: whatever they contain, `check` and `plan --base` execute nothing of it, show no secret.

The environment holds a canary as a pipeline's secret would be there. Each case is one thing that a fork can commit.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from calling import Call, Contract, Said

CANARY = "canary-90341"
HARM = "#!/bin/sh\necho \"$DEPLOY_TOKEN\" >>{mark}\necho '{{}}'\n"
PYTHON = "import os, pathlib\npathlib.Path({mark!r}).write_text(os.environ.get('DEPLOY_TOKEN', 'run'))\n"
SERVICE = """\
kind: service
name: note
clauses: [C1]
hosts: all
owner: operators
files: [{{path: /srv/note, {content}}}]
"""
TEMPLATES = {
    "lookup": "{{{{ lookup('pipe', 'cat /proc/self/environ >{mark}') }}}}{{{{ lookup('env', 'DEPLOY_TOKEN') }}}}",
    "query": "{{{{ query('file', '/proc/self/environ') }}}}",
    "environ": "{{{{ ansible_env.DEPLOY_TOKEN }}}}{{{{ environ }}}}",
    "classes": "{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}",
    "globals": "{{{{ cycler.__init__.__globals__.os.environ }}}}{{{{ self.__init__.__globals__ }}}}",
    "format": "{{{{ '{{0.__class__.__init__.__globals__}}'.format(cycler) }}}}",
    "include": "{{% include '/proc/self/environ' %}}",
    "import": "{{% import '../../../../proc/self/environ' as x %}}{{{{ x }}}}",
}


def attack(name: str, mark: Path) -> dict[str, str]:
    """Return the files of a pull request that tries to run something that writes `mark`, or to show the canary."""
    harm, program = HARM.format(mark=mark), PYTHON.format(mark=str(mark))
    if name.startswith("template "):
        text = TEMPLATES[name.removeprefix("template ")].format(mark=mark)
        return {"policies/note.yaml": SERVICE.format(content="template: files/note.j2"), "files/note.j2": text}
    return {
        "inventory script": {"inventory/hosts.sh": harm, "inventory/hosts.py": f"#!/usr/bin/env python3\n{program}"},
        "inventory plugin": {
            "inventory/run.yaml": "plugin: evil\n",
            "inventory_plugins/evil.py": program,
            "inventory/aws_ec2.yml": "plugin: amazon.aws.aws_ec2\n",
        },
        "inventory variables": {
            "inventory/hosts.yaml": "all: {hosts: {here: {ansible_connection: local, "
            f"ansible_ssh_common_args: '-o ProxyCommand={mark.parent}/run', "
            "x: \"{{ lookup('env', 'DEPLOY_TOKEN') }}\"}}}\n",
            "policies/note.yaml": SERVICE.format(content="template: files/note.j2"),
            "files/note.j2": "{{ x }}\n",
        },
        "ansible.cfg": {
            "ansible.cfg": "[defaults]\nvault_password_file = ./pw\ninventory_plugins = .\nfilter_plugins = .\n",
            "pw": harm,
            "evil.py": program,
            "inventory/group_vars/all/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
        },
        "filters": {"filter_plugins/evil.py": program, "plugins/filter/evil.py": program, "library/evil.py": program},
        "python": {
            **dict.fromkeys(("sitecustomize.py", "conftest.py", "yaml.py", "opspact.py", "jinja2.py"), program),
            "pytest.ini": "[pytest]\naddopts = -p conftest\n",
            "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p conftest'\n",
        },
        "git": {
            ".gitattributes": "* filter=evil diff=evil merge=evil\n",
            ".gitmodules": '[submodule "x"]\npath = files/x\nurl = ext::sh -c ./pw\n',
            ".gitconfig": "[core]\nfsmonitor = ./pw\n",
            "hooks/pre-receive": harm,
            "pw": harm,
        },
        "secrets": {
            "policies/note.yaml": "kind: person\nname: eve\nteams: [operators]\nfrom: 2026-01-01\n"
            "channels: {mobile: secret:env:DEPLOY_TOKEN, email: secret:file:/proc/self/environ}\n"
        },
        "state": {".opspact/config": "x\n", ".opspact/plan.json": "{}\n", "secrets.vault.yaml": "$ANSIBLE_VAULT;1.1\n"},
    }[name]


NAMES = [
    *("inventory script", "inventory plugin", "inventory variables", "ansible.cfg", "filters", "python", "git"),
    *("secrets", "state", "link", "ledger"),
    *(f"template {name}" for name in TEMPLATES),
]


def put(contract: Contract, name: str, mark: Path) -> None:
    """Put into a contract's folder what a pull request contains, as a pipeline checks it out."""
    if name == "link":
        for place in ("files/note", "policies/x.yaml", "inventory/x.yaml"):
            (contract.folder / place).unlink(missing_ok=True)
            (contract.folder / place).symlink_to("/proc/self/environ")
        return
    if name == "ledger":
        (contract.folder / ".opspact").mkdir()
        with sqlite3.connect(contract.folder / ".opspact/ledger.sqlite3") as made:
            made.execute(f"CREATE VIEW events AS SELECT '{mark}' AS body, load_extension('x') AS kind")
        made.close()
        return
    for path, text in attack(name, mark).items():
        contract.write(path, text)
        (contract.folder / path).chmod(0o755)


COMMANDS = (
    ("check", "--base", "{base}"),
    ("check", "--head", "HEAD", "--format", "github"),
    ("plan", "--base", "{base}", "--format", "markdown"),
    ("plan", "--base", "{base}", "--head", "HEAD", "--diff", "--format", "json"),
)


def pull_request(contract: Contract, name: str, mark: Path) -> str:
    """Commit a pull request on a base, and return the base."""
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "base")
    base = contract.git("rev-parse", "HEAD")
    put(contract, name, mark)
    contract.git("add", "-A", "-f")
    contract.git("commit", "-qm", "pull request")
    return base


def is_harmless(said: Said, mark: Path) -> bool:
    assert not mark.exists(), mark.read_text()
    assert CANARY not in said.out + said.err
    assert "Traceback" not in said.err, said.err
    return said.code in {0, 1, 2}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_pull_request_is_executed_and_no_secret_is_shown(
    name: str, contract: Contract, opspact: Call, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "run").write_text(HARM.format(mark=mark))
    (tmp_path / "run").chmod(0o755)
    monkeypatch.setenv("DEPLOY_TOKEN", CANARY)
    base = pull_request(contract, name, mark)
    for words in COMMANDS:
        assert is_harmless(opspact(*(word.format(base=base) for word in words)), mark)


@pytest.mark.slow
def test_the_program_imports_nothing_from_the_folder_that_it_checks(contract: Contract, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    base = pull_request(contract, "python", mark)
    for words in COMMANDS[:1] + COMMANDS[2:3]:
        command = [str(Path(sys.executable).with_name("opspact")), *(word.format(base=base) for word in words)]
        done = subprocess.run(
            command,
            env={**os.environ, "DEPLOY_TOKEN": CANARY},
            cwd=contract.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert is_harmless(Said(done.returncode, done.stdout, done.stderr), mark)


def test_the_canary_is_found_where_something_is_executed(contract: Contract, tmp_path: Path) -> None:
    """Given what the cases try, executed by hand, the mark is there: the test above can fail."""
    for name in ("inventory script", "python"):
        mark = tmp_path / name.replace(" ", "-")
        put(contract, name, mark)
        file = contract.folder / ("inventory/hosts.sh" if name == "inventory script" else "conftest.py")
        command = [str(file)] if file.suffix == ".sh" else ["python3", str(file)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "DEPLOY_TOKEN": CANARY})
        assert CANARY in mark.read_text()
