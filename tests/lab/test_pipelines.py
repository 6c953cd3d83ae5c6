"""The pipelines of `ci/templates` on real hosts: from a push, or a merge request, to what is applied there."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import ROOT, WHO, Contract, Said, small
from forge_server import TOKEN, running
from labkit import Lab
from own_key import make_key, public

from opspact.forge.forges import ForgeKind

pytestmark = pytest.mark.lab

TEMPLATES = ROOT / "ci/templates"
GITLAB_CI_LOCAL = ROOT / ".venv-node/node_modules/.bin/gitlab-ci-local"
POLICIES = """\
kind: service
name: note
hosts: app1
owner: crew
files: [{{path: /etc/opspact-piped, content: "{text}"}}]
---
kind: approval
name: change
needs: {{role: customer}}
for: [apply]
---
kind: person
name: he-jing
teams: [customer]
from: 2026-01-01
signing_keys: [{{key: {key}}}]
---
kind: person
name: li-na
teams: [crew]
from: 2026-01-01
"""
ACCEPTED = """\
---
kind: accepted
name: {name}
finding: {code}
where: policies/contract.yaml#piped
only: [{hosts}]
reason: it is small
by: crew
until: 2035-12-31
"""
LIVED_WITH = {"OP220": "inspection", "OP221": "backup", "OP222": "service", "OP223": "access"}
"""What is found about a contract that has next to nothing: `check` has to accept it."""


@pytest.fixture
def contract(healthy_lab: Lab) -> Iterator[Contract]:
    with small(healthy_lab, "piped", "") as made:
        make_key(made.home, "he-jing")
        made.write(".gitignore", ".opspact/\n")
        write(made, "first")
        yield made
        healthy_lab.root("app1", "rm -f /etc/opspact-piped")


def write(contract: Contract, text: str) -> None:
    policies = POLICIES.format(text=text, key=public(contract.home / "he-jing"))
    hosts = {code: "app2, db1, backup1" + ("" if code == "OP222" else ", app1") for code in LIVED_WITH}
    accepted = (ACCEPTED.format(name=name, code=code, hosts=hosts[code]) for code, name in LIVED_WITH.items())
    contract.write("policies/all.yaml", policies + "".join(accepted))
    contract.commit()


def run(contract: Contract, *words: str, **environment: str) -> Said:
    """Run a program in the contract's folder, as a person does in whose clone it is."""
    done = subprocess.run(
        words,
        cwd=contract.folder,
        env={**contract.variables, **WHO, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def repository(contract: Contract) -> Path:
    """Return a bare repository to which the contract's folder pushes."""
    bare = contract.home / "contract.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    contract.git("remote", "add", "origin", str(bare))
    return bare


def pushed(contract: Contract, *what: str) -> str:
    """Push, and return what the server says at the pusher's terminal."""
    said = run(contract, "git", "push", "origin", *what)
    assert said.code == 0, said.err
    return said.err


def approve(contract: Contract, plan: Path) -> str:
    """Approve a plan as docs/pipelines.md says, and push the approval."""
    contract.good("plan", "approve", str(plan), "--key", str(contract.home / "he-jing"), "--out", f"{plan}.signed")
    contract.git("notes", "--ref", "opspact/approvals/he-jing", "add", "-f", "-F", f"{plan}.signed")
    return pushed(contract, "refs/notes/opspact/approvals/he-jing")


def test_a_push_is_checked_planned_and_applied_once_it_is_approved(contract: Contract, healthy_lab: Lab) -> None:
    bare = repository(contract)
    for hook in ("pre-receive", "post-receive", "deploy"):
        shutil.copy2(TEMPLATES / "plain-git/hooks" / hook, bare / "hooks")

    assert "not applied yet: approvals are missing" in pushed(contract, "main")
    contract.git("fetch", "origin", "+refs/notes/opspact/*:refs/notes/opspact/*")
    plan = contract.home / "plan.json"
    plan.write_text(run(contract, "git", "notes", "--ref", "opspact/plan", "show", "origin/main").out)
    said = approve(contract, plan)
    assert "remote: converged: 1 host" in said, said
    assert healthy_lab.root("app1", "cat /etc/opspact-piped").out == "first"

    # A branch: what it would change is shown, and neither a host nor the ledger knows of it.
    contract.git("checkout", "-q", "-b", "change")
    write(contract, "second")
    said = pushed(contract, "change")
    assert "remote:     ~ file /etc/opspact-piped: content differs" in said
    assert healthy_lab.root("app1", "cat /etc/opspact-piped").out == "first"

    # A scheduled run finds drift, and goes on behind it.
    healthy_lab.root("app1", "echo by hand >/etc/opspact-piped")
    deployed = bare / "opspact/contract"
    scheduled = run(contract, str(TEMPLATES / "plain-git/scheduled"), str(deployed))
    assert scheduled.code == 1, scheduled.err  # of drift; that there is nothing to restore is no failure
    assert "/etc/opspact-piped" in scheduled.out


def gitlab(contract: Contract, *jobs: str, **variables: str) -> Said:
    """Run jobs of GitLab's pipeline, each in a clean clone, with predefined variables that say for what.

    gitlab-ci-local runs their scripts and passes artifacts on; it knows neither protected branches nor resource groups.
    """
    given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    how = ("--force-shell-executor", "--shell-isolation", "--state-dir", "../gitlab")
    return run(contract, str(GITLAB_CI_LOCAL), *how, *given, *jobs, OPSPACT_LEDGER=str(contract.home / "ledger.db"))


def merge_request(contract: Contract, base: str) -> str:
    """Run the pipeline of a merge request, and return the one comment that it makes; the token is shown nowhere."""
    with running(ForgeKind.GITLAB) as forge:
        said = gitlab(
            contract,
            CI_PIPELINE_SOURCE="merge_request_event",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
            CI_MERGE_REQUEST_PROJECT_ID="42",
            CI_MERGE_REQUEST_IID="5",
            CI_API_V4_URL=forge.url,
            GITLAB_TOKEN=TOKEN,
        )
        assert said.code == 0, said.out + said.err
        (comment,) = forge.bodies()
    assert TOKEN not in said.out + said.err + comment
    return comment


@pytest.mark.skipif(not GITLAB_CI_LOCAL.exists(), reason="gitlab-ci-local is not installed (ci/gitlab-ci-local)")
def test_a_merge_request_on_gitlab_becomes_a_comment_and_an_approved_apply(
    contract: Contract, healthy_lab: Lab
) -> None:
    shutil.copy2(TEMPLATES / "gitlab-ci.yml", contract.folder / ".gitlab-ci.yml")
    contract.write(".gitignore", ".opspact/\n.gitlab-ci-local/\nplan.*\ncheck.xml\n")
    contract.commit()
    repository(contract)
    pushed(contract, "main")
    base = run(contract, "git", "rev-parse", "HEAD").out.strip()
    write(contract, "second")
    assert "/etc/opspact-piped" in merge_request(contract, base)

    protected = {"CI_COMMIT_REF_PROTECTED": "true"}
    pushed(contract, "main")
    said = gitlab(contract, "plan-hosts", **protected)
    assert said.code == 0, said.out + said.err
    assert healthy_lab.root("app1", "cat /etc/opspact-piped").out == ""
    said = gitlab(contract, "apply", **protected)
    assert said.code == 1
    assert "1 approval missing (apply" in said.out
    approve(contract, contract.folder / "plan.json")
    said = gitlab(contract, "--manual", "apply", "apply", "verify", **protected)
    assert said.code == 0, said.out + said.err
    assert healthy_lab.root("app1", "cat /etc/opspact-piped").out == "second"
