"""A file of allowed signers (ssh-keygen(1)), as an auditor keeps one: who may sign, with which key and from when on.

In: its text. Out: signers; or every line that cannot be used. Principals are names here, not patterns; times are UTC.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.fleet.ssh_signature import Signer, fingerprint
from opspact.schema.codes import Code

_LINE = re.compile(
    r'(?P<names>[^\s"*?!]+)[ \t]+(?:(?P<options>(?:[^\s"]|"[^"]*")+)[ \t]+)?(?P<key>[a-z0-9@.-]+ [\w+/=]+)'
)
_OPTION = re.compile(r'(?P<name>[a-z-]+)="(?P<value>[^"]*)"(?:,|\Z)', re.IGNORECASE)
_TIME = re.compile(r"\d{8}(?:\d{4}(?:\d{2})?)?Z\Z")


def read_signers(file: Path, *, namespace: str) -> tuple[Signer, ...]:
    """Given a file and what is signed, return who may sign that. Raise Refused with every problem of the file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"cannot read the allowed signers in {file}: {reason}") from error
    signers: list[Signer] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                signers += _signers(line.strip(), namespace)
            except ValueError as error:
                problems.append(Problem(Code.BAD_FORM, Place(str(file), number), str(error)))
    if problems:
        raise Refused(f"cannot read the allowed signers in {file}", problems)
    if not signers:
        raise Refused(f"nobody in {file} may sign for {namespace}")
    return tuple(signers)


def _signers(line: str, namespace: str) -> list[Signer]:
    found = _LINE.match(line)
    if not found:
        raise ValueError('expected "NAME [OPTIONS] TYPE KEY", NAME without patterns')
    try:
        fingerprint(found["key"])
    except ValueError as error:
        raise ValueError("the key is not base64") from error
    options = _options(found["options"] or "")
    if "namespaces" in options and namespace not in options["namespaces"].split(","):
        return []
    since, until = (_time(options.get(name)) for name in ("valid-after", "valid-before"))
    return [Signer(name, found["key"], since, until) for name in found["names"].split(",")]


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _OPTION.match(text, position)
        if not found or found["name"].lower() not in {"namespaces", "valid-after", "valid-before"}:
            raise ValueError(f"{text[position:][:80]!r} is not supported; certificates of an authority are not")
        options[found["name"].lower()] = found["value"]
        position = found.end()
    return options


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not _TIME.match(text):
        raise ValueError(f"{text[:80]!r} is not a time in UTC such as 20261231Z or 202612311200Z")
    form = {9: "%Y%m%d", 13: "%Y%m%d%H%M", 15: "%Y%m%d%H%M%S"}[len(text)]
    return datetime.strptime(text[:-1], form).replace(tzinfo=UTC)
