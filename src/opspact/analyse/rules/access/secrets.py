"""Rules about secrets that are written down, or readable by everybody.

Comes in: a rule context. Goes out: violations that never repeat a secret.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.shell.secrets import secrets_in
from opspact.errors import Place
from opspact.model.finding import Severity
from opspact.model.policies.service import WantedFile
from opspact.model.policy_index import Policy

_READ_BY_ALL = 0o004
_KEPT_SECRET = re.compile(
    r"/(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.pgpass|\.my\.cnf|\.netrc|shadow-?|gshadow-?|krb5\.keytab|[^/]+\.(?:key|p12|pfx|jks|"
    r"keytab|htpasswd)|[^/]*(?:secret|credential|password|token)s?(?:\.(?:conf|cnf|ini|env|yaml|yml|json|txt|php|py))?)$",
    re.IGNORECASE,
)


def _written_down(context: RuleContext) -> Iterator[Violation]:
    policies = _by_file(context)
    for file, content in context.contract.files.items():
        for line, what in secrets_in(content):
            policy = _around(policies.get(file, []), line)
            if policy is not None and policy.kind == "redaction":
                continue  # its examples look like secrets on purpose
            about = str(policy) if policy else f"contract/{context.contract.name}"
            message = f"{file}, line {line} contains {what}"
            yield Violation(about, message, place=Place(file, line, 1), hidden=True)


def _by_file(context: RuleContext) -> dict[str, list[Policy]]:
    """Return the policies of each file, in the order in which they are written."""
    found: dict[str, list[Policy]] = defaultdict(list)
    for policy in context.contract.policy_index.policies.values():
        found[policy.origin.place.file].append(policy)
    for policies in found.values():
        policies.sort(key=_first_line)
    return found


def _first_line(policy: Policy) -> int:
    return policy.lines.at().line


def _around(policies: list[Policy], line: int) -> Policy | None:
    """Return the policy that a line of their file belongs to: the last one that begins before it."""
    index = bisect_right(policies, line, key=_first_line)
    return policies[max(index - 1, 0)] if policies else None


def _readable_by_all(context: RuleContext) -> Iterator[Violation]:
    for service in context.contract.services:
        for file in service.files:
            if file.link is None and int(file.mode, 8) & _READ_BY_ALL and (why := _holds_secret(file)):
                message = f"{file.path} {why} and is readable by every user on the host (mode {file.mode})"
                yield Violation(service.origin.policy, message, ("files", file.index, "path"))


def _holds_secret(file: WantedFile) -> str:
    """Return why a file is taken to hold a secret, or nothing."""
    content = file.data if file.data is not None else (file.template or "").encode()
    what = next((what for _, what in secrets_in(content)), "")
    if what:
        return f"contains {what}"
    return "usually contains secrets" if _KEPT_SECRET.search(file.path) else ""


RULES = (
    Rule(
        code="OP240",
        family="safety",
        severity=Severity.ERROR,
        title="A secret is written in plaintext",
        why="Everyone who can read the repository, its history or a clone of it knows the secret.",
        remedy="Change the secret now: it is compromised. Reference the new one, such as secret:vault:NAME.",
        find=_written_down,
    ),
    Rule(
        code="OP246",
        family="safety",
        severity=Severity.WARNING,
        title="A file that contains a secret is world-readable",
        why="Every account on the host, and every compromised program, can read it.",
        remedy='Set mode: "0640" or "0600", with the owner and group that need it.',
        find=_readable_by_all,
    ),
)
