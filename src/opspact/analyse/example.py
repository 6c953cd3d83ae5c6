"""The examples of rules: a small contract that a rule finds, and one that it does not.

Comes in: files below `examples/`, which are part of the package. Goes out: contracts to analyse, texts to show.

An example says only what matters: it stands on `examples/base/`, and a document of the same kind and name stands in for
the one there. Beside `bad.yaml` and `good.yaml` a rule may have `before.yaml` (the contract before the change; for
rules that compare), `inventory.yaml` (instead of the one in the base), `measurements.json` (what was measured), and
folders `bad` and `good` with more files of the contract.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

from opspact.analyse.rule import RuleContext
from opspact.model.measurements import Measurement, Measurements
from opspact.resolve.contract import resolve

DAY = date(2026, 3, 2)
"""The day on which examples are looked at, a Monday."""

_EXAMPLES = files("opspact.analyse").joinpath("examples")
_DOCUMENT = re.compile(r"^---\s*$", re.MULTILINE)


def text(code: str, which: str) -> str:
    """Given a rule's code and `bad` or `good`, return that example's documents as text; empty where there is none."""
    return _read(_EXAMPLES.joinpath(code, f"{which}.yaml"))


def context(code: str, which: str) -> RuleContext:
    """Given a rule's code and `bad` or `good`, return the example as rules look at it.

    Raise Refused when it cannot be resolved: then the example is wrong.
    """
    own = _EXAMPLES.joinpath(code)
    before = _read(own.joinpath("before.yaml"))
    return RuleContext(
        contract=resolve({**_tree(code, text(code, which)), **_files(own.joinpath(which))}),
        day=DAY,
        measurements=measurements(_read(own.joinpath("measurements.json"))),
        before=resolve(_tree(code, before)) if before else None,
    )


def _tree(code: str, example: str) -> Mapping[str, bytes]:
    """Return the files of an example's contract: the base, less what the example itself says."""
    said = {_identity(document) for document in _DOCUMENT.split(example)}
    base = _DOCUMENT.split(_read(_EXAMPLES.joinpath("base", "policies.yaml")))
    kept = [document for document in base if _identity(document) not in said]
    inventory = _read(_EXAMPLES.joinpath(code, "inventory.yaml")) or _read(_EXAMPLES.joinpath("base", "inventory.yaml"))
    tree = {"policies/example.yaml": example.encode(), "inventory/hosts.yaml": inventory.encode()}
    return {**tree, **({"policies/base.yaml": "---".join(kept).encode()} if kept else {})}


def _files(folder: Traversable, above: str = "") -> dict[str, bytes]:
    """Return the files below a folder by path; none where it does not exist."""
    found: dict[str, bytes] = {}
    for each in folder.iterdir() if folder.is_dir() else ():
        path = f"{above}{each.name.removesuffix('.txt')}"  # so that a fabfile is no module of this package
        found |= {path: each.read_bytes()} if each.is_file() else _files(each, f"{path}/")
    return found


def _identity(document: str) -> tuple[str, ...]:
    """Return a document's kind and name; a contract is one whatever its name, since there is just one."""
    found = dict(re.findall(r"^(kind|name): *(\S+)", document, re.MULTILINE))
    return ("contract",) if found.get("kind") == "contract" else (found.get("kind", ""), found.get("name", ""))


def measurements(written: str) -> Measurements:
    """Return what their JSON says: `{"run_seconds": {"app1 backup/daily": [3600, "2026-03-01T18:00:00+00:00"]}}`.

    A key of two words is a pair; `"since"` is an instant.
    """
    if not written:
        return Measurements()
    raw: dict[str, Mapping[str, tuple[float, str]]] = json.loads(written)
    since = raw.pop("since", None)

    def by_name(which: str) -> dict[str, Measurement]:
        return {
            name: Measurement(value, datetime.fromisoformat(at)) for name, (value, at) in raw.get(which, {}).items()
        }

    def by_pair(which: str) -> dict[tuple[str, str], Measurement]:
        return {(host, job): value for key, value in by_name(which).items() for host, job in [key.split(" ")]}

    return Measurements(
        run_seconds=by_pair("run_seconds"),
        restore_seconds=by_pair("restore_seconds"),
        stored_bytes=by_pair("stored_bytes"),
        free_bytes=by_name("free_bytes"),
        copies=by_pair("copies"),
        since=datetime.fromisoformat(str(since)) if since else None,
    )


def _read(file: Traversable) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
