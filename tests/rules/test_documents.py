"""Every policy shown in a document for people is one that opspact reads."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.schema.read import read_policies

TOP = Path(__file__).parents[2]
CONTRACT = """\
kind: contract
name: example
customer: {zh: 示例单位}
provider: {zh: 示例科技}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: zh-CN
"""
_BLOCK = re.compile(r"^(?P<indent> *)```ya?ml\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    found = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
    return sorted(path for path in found if path.is_file())


def examples() -> Iterator[tuple[str, str]]:
    """Yield each YAML block that holds a policy: where it stands, and its text."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if re.search(r"^ *kind: ", block["text"], re.MULTILINE):
                line = text[: block.start()].count("\n") + 2
                inner = re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
                yield f"{path.relative_to(TOP).as_posix()}:{line}", inner


def test_there_are_documents() -> None:
    assert documents()


@pytest.mark.parametrize(("where", "text"), [pytest.param(*example, id=example[0]) for example in examples()])
def test_a_policy_in_a_document_is_read(where: str, text: str) -> None:
    tree = {f"policies/{where.replace(':', '-line-')}.yaml": text.encode()}
    if not re.search(r"^kind: contract$", text, re.MULTILINE):
        tree["policies/contract.yaml"] = CONTRACT.encode()
    try:
        assert read_policies(tree)
    except Refused as refused:
        pytest.fail(str(refused))
