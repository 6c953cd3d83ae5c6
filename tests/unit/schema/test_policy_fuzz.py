"""Whatever is written: documents or Refused, never another exception, and soon."""

import random
import time
from pathlib import Path

import pytest
import yaml
from effort import EFFORT
from hypothesis import given, settings
from hypothesis import strategies as st

from opspact.errors import Refused
from opspact.report.json_schema import PolicySchema
from opspact.schema.codes import Code
from opspact.schema.contract_files import read_tree
from opspact.schema.kinds import KINDS
from opspact.schema.read import read_policies
from opspact.text.unicode import first_invisible

pytestmark = pytest.mark.slow

REFERENCE = read_tree(Path(__file__).parents[3])
POLICIES = {path: content for path, content in REFERENCE.items() if path.startswith("policies/")}
SLOW = settings(max_examples=300 * EFFORT)


def read(content: bytes) -> None:
    """Given a file's bytes, read it; a refusal must be fit to be shown."""
    refusal = None
    try:
        read_policies({"policies/a.yaml": content})
    except Refused as caught:
        refusal = caught
    if refusal is not None:
        assert refusal.problems
        shown = [f"{problem} {problem.source}" for problem in refusal.problems]
        assert [None] * len(shown) == list(map(first_invisible, shown))
        assert {problem.code for problem in refusal.problems} <= set(Code)


def test_the_reference_contract_is_read() -> None:
    assert {"contract", "service", "inspection", "backup", "access"} <= {
        written.document.kind for written in read_policies(REFERENCE)
    }


@SLOW
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    read(content)


PIECES = [
    *(
        "a",
        "kind",
        "name",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n- ",
        "- ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "!!",
        "! ",
        "|",
    ),
    *(
        ">",
        "'",
        '"',
        "#",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\t",
        "\r",
        "~",
        "1",
        "012",
        "22:30",
        "no",
        "\\",
        "\ufeff",
        "\x85",
        "\u2028",
    ),
    *(
        "kind: team\n",
        "name: works\n",
        "text: {en: x}\n",
        "kind: service\n",
        "hosts: ",
        "secret:",
        "-----BEGIN PRIVATE KEY-----",
    ),
]


@SLOW
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=60).map("".join))
def test_any_soup_of_yaml(text: str) -> None:
    read(text.encode("utf-8", "replace"))


def words_of(models: object) -> set[str]:
    """Given a JSON Schema, return every key that it names."""
    if isinstance(models, dict):
        keys = set(models["properties"]) if isinstance(models.get("properties"), dict) else set()
        return keys.union(*(words_of(value) for value in models.values()))
    return set().union(*map(words_of, models)) if isinstance(models, list) else set()


KEYS = sorted(
    set().union(*(words_of(model.model_json_schema(schema_generator=PolicySchema)) for model in KINDS.values()))
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "80%",
            "30m",
            "\x07",
            "示例　单位",
            "daily at 02:00",
            "web",
            "/etc/a",
            "nginx.service",
            "secret:vault:a",
            "files/a",
            "0644",
        ]
    ),
)
KEY = st.one_of(st.sampled_from(KEYS), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEY, below, max_size=4)),
    max_leaves=12,
)


@SLOW
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(KEY, VALUES, max_size=8))
def test_any_document_of_a_kind(kind: str, fields: dict[str, object]) -> None:
    read(yaml.safe_dump({**fields, "kind": kind}, allow_unicode=True).encode())


def paths(value: object, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Given a document, return the paths of everything in it."""
    found: list[tuple[str | int, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found += [(*prefix, key), *paths(below, (*prefix, key))]
    return found


DOCUMENTS = [
    document
    for content in POLICIES.values()
    for document in yaml.load_all(content, Loader=yaml.CBaseLoader)
    if document is not None
]


@SLOW
@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), VALUES)
def test_any_change_of_a_field_of_the_reference_documents(
    document: object, choice: random.Random, value: object
) -> None:
    changed = yaml.safe_load(yaml.safe_dump(document))
    *way, last = choice.choice(paths(changed))
    at = changed
    for part in way:
        at = at[part]
    if choice.random() < 0.2:
        del at[last]
    else:
        at[last] = value
    read(yaml.safe_dump(changed, allow_unicode=True).encode())


@SLOW
@given(st.sampled_from(sorted(POLICIES)), st.data())
def test_any_change_of_a_byte_of_the_reference_files(path: str, data: st.DataObject) -> None:
    content = bytearray(POLICIES[path])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 20))
        content[start : start + length] = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from(PIECES).map(str.encode))
        )
    read(bytes(content))


SERVICE = b"kind: service\nname: a\nowner: a\nhosts: a\n"
INSPECTION = b"kind: inspection\nname: a\nhosts: a\nitems: [units: {}]\nschedule: "
HOSTILE = {
    "unknown keys": b"kind: team\nname: a\n" + b"".join(b"k%d: 1\n" % number for number in range(80_000)),
    "bad documents": b"kind: service\nnme: a\n---\n" * 40_000,
    "repeated keys": b"kind: team\nname: a\n" + b"a: 1\n" * 150_000,
    "repeated documents": b"kind: team\nname: a\n---\n" * 40_000,
    "aliases": SERVICE + b"files:\n- &f {path: /etc/a, content: x}\n" + b"- *f\n" * 35_000,
    "a long name": b"kind: team\nname: " + b"x" * 1_000_000,
    "a regular expression": b"kind: service\nname: a\nhosts: ~" + b"(" * 500_000,
    "a URL": SERVICE + b"normal: [http: {url: 'http://" + b"[" * 500_000 + b"'}]",
    "brackets": b"kind: service\nname: a\nhosts: '" + b"a[:" * 300_000 + b"'",
    "a duration": b"kind: clause\nname: a\nevidence_within: '" + b"1 " * 400_000 + b"'",
    "cron": INSPECTION + b"'* * * * " + b"1," * 400_000 + b"1'",
    "a plain form": INSPECTION + b"'daily" + b" on at" * 100_000 + b"'",
    "a command": b"kind: access\nname: a\nsudo: ['/a" + b"  a" * 300_000 + b"\\x07']",
    "a zone": b"kind: contract\nname: a\nzone: " + b"A" * 1_000_000,
    "words like secrets": b"kind: team\nx: '" + b"token" * 200_000 + b"'",
    "a late control character": b"a: 1\n" * 200_000 + b"\0",
    "a public key": b"kind: person\nname: a\nkeys: ['ssh-rsa " + b"A" * 1_000_000 + b"']",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_policies_are_refused_soon(content: bytes) -> None:
    begun = time.process_time()
    read(content)
    assert time.process_time() - begun < 10


def test_a_megabyte_of_policies_is_read_soon() -> None:
    text = "\n---\n".join(f"kind: team\nname: t{number}\nduties: [{{en: a}}, {{en: b}}]" for number in range(18_000))
    begun = time.process_time()
    read(text.encode())
    assert time.process_time() - begun < 10
