"""Plan files that somebody altered after opspact wrote them: byte by byte, and with a seal of their own."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from approving import Approved

from opspact.report.document import document

pytestmark = pytest.mark.slow


def altered(value: Any) -> Iterator[Any]:
    """Yield copies of a JSON value, in each of which one leaf is another, one key is gone, or one is added."""
    match value:
        case dict():
            yield {**value, "added": ""}
            for name in value:
                yield {key: each for key, each in value.items() if key != name}
                for other in altered(value[name]):
                    yield {**value, name: other}
        case list():
            yield [*value, None]
            for index, each in enumerate(value):
                for other in altered(each):
                    yield [*value[:index], other, *value[index + 1 :]]
        case bool() | None:
            yield not value
        case str():
            yield f"{value} "
        case int():
            yield value + 1


def written(plan: dict[str, Any]) -> str:
    return document("plan", {name: value for name, value in plan.items() if name not in {"schema", "version"}})


def sealed(plan: dict[str, Any]) -> str:
    """Return the text of a plan file with a seal that fits, as anybody can make one."""
    content = {name: value for name, value in plan.items() if name != "seal"}
    return written({**content, "seal": sha256(written(content).encode()).hexdigest()})


def refused(approved: Approved, data: bytes) -> None:
    """Assert that each of the three commands that read the plan file refuses it when it holds this."""
    approved.plan.write_bytes(data)
    commands = (("apply",), ("plan", "approvals"), ("plan", "approve", "--key", str(approved.key("he-jing"))))
    said = [approved.opspact(*command, str(approved.plan)) for command in commands]
    assert [each.code for each in said] == [2, 2, 2], data
    assert approved.there == "first\n"
    known = ("was changed", "has no seal", "is not an opspact plan", "does not support its format")
    assert all(any(words in each.err for words in known) for each in said), said


@pytest.fixture
def text(approved: Approved) -> str:
    """Return the text of a plan file that He Jing has approved."""
    approved.contract.kept.write_text("first\n")
    approved.made()
    approved.approve("he-jing")
    return approved.plan.read_text()


def test_whatever_is_altered_in_a_plan_file_all_commands_refuse_it(approved: Approved, text: str) -> None:
    plan = json.loads(text)
    assert written(plan) == sealed(plan) == text
    others = [written(each) for each in altered(plan) if {"schema", "version"} <= each.keys()]
    others += [text.replace(was, now, 1) for was in ('"schema": "', '"version": ') for now in ("", f"{was}9")]
    assert len({*others, text}) > 80
    for each in {*others} - {text}:
        refused(approved, each.encode())
    approved.plan.write_text(text)
    assert approved.apply() == ""
    assert approved.there == "second\n"


def test_one_byte_anywhere_counts_and_so_do_line_ends_and_doubled_keys(approved: Approved, text: str) -> None:
    data = text.encode()
    for at in range(0, len(data), len(data) // 12):
        refused(approved, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        refused(approved, data[:at] + data[at + 1 :])
    digest = next(line for line in text.splitlines() if line.startswith('"digest"'))
    whole = json.loads(text)
    for other in (
        text.replace("\n", "\r\n"),
        text.replace("\n", "", 1),
        f"\ufeff{text}",
        f"{text}\n",
        text.replace("file ", "file  ", 1),
        text.replace(digest, f"{digest}\n{digest}"),
        text.replace(digest, f'"digest": "{"0" * 64}",\n{digest}'),
        json.dumps(whole, indent=2),
        "[" * 100_000,
    ):
        assert other != text
        refused(approved, other.encode())


def test_a_file_with_a_seal_of_its_own_can_be_signed_but_is_not_applied(approved: Approved, text: str) -> None:
    plan = json.loads(text)
    for each in (
        {**plan, "destroys_data": not plan["destroys_data"]},
        {**plan, "summary": {**plan["summary"], "change": 0}},
        {**plan, "clauses": []},
        {**plan, "groups": []},
        {**plan, "note": None},
        {**plan, "hosts": [{**plan["hosts"][0], "change": [{**plan["hosts"][0]["change"][0], "policy": "service/x"}]}]},
    ):
        approved.plan.write_text(sealed(each))
        approved.approve("he-jing")
        assert approved.opspact("plan", "approvals", str(approved.plan)).code == 0
        assert "it says something else than its digest means" in approved.apply()
        approved.plan.write_text(text)
        assert "it is for another text of this plan" in approved.opspact("plan", "approvals", str(approved.plan)).out
        assert "it is for another text of this plan" in approved.apply()
    assert approved.there == "first\n"


def test_a_recorded_approval_is_of_the_text_that_was_read(approved: Approved, text: str) -> None:
    approved.plan.write_text(sealed({**json.loads(text), "clauses": []}))
    approval = approved.approve("he-jing")
    assert approved.opspact("plan", "approvals", str(approved.plan), "--record").code == 0
    approval.unlink()
    approved.plan.write_text(text)
    assert "it is for another text of this plan" in approved.apply()
    assert approved.there == "first\n"


def test_an_approval_is_of_a_plan_file_and_one_without_seal_is_from_another_version(
    approved: Approved, text: str
) -> None:
    approval = approved.plan.with_name(f"{approved.plan.name}.he-jing.approval")
    said = approved.opspact("apply", "--yes", "--approval", str(approval))
    assert (said.code, "it is for a plan file, and none is applied" in said.err) == (2, True)
    plan = json.loads(text)
    approved.plan.write_text(written({name: value for name, value in plan.items() if name != "seal"}))
    assert "create the plan again" in approved.apply()
