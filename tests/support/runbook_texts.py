"""Runbooks as text, for tests of rules."""

import json

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\n"
FABFILE = {"runbooks/fabfile.py": "from invoke import task\n"}
DESTRUCTIVE = APPROVAL + "for: [destructive]\n"

HERE = """\
kind: runbook
name: {name}
clauses: [C1]
text: {{zh: 试, en: Try}}
symptoms: {{zh: [坏了], en: [broken]}}
risk: {risk}
hosts: here
without_restore_point: {{zh: 没有数据, en: no data}}
"""
"""The head of a runbook for the machine on which the tests run: its `name` and its `risk` are filled in."""


def steps(*written: str, top: str = "", hosts: str = "db", risk: str = "destructive", name: str = "fix") -> str:
    """Return a runbook of steps, each the fields of one step as a flow mapping without its braces."""
    lines = [
        f"- {{name: step-{number}, text: {{en: step {number}}}, {each}}}" for number, each in enumerate(written, 1)
    ]
    listed = "\n".join(lines)
    return f"kind: runbook\nname: {name}\nrisk: {risk}\nhosts: {hosts}\n{top}steps:\n{listed}\n"


def runbook(script: str, more: str = "") -> str:
    """Return a runbook of one step with a script, and more fields of it."""
    return steps(f"script: {json.dumps(script)}{more}")
