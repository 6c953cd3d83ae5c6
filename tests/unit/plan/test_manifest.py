"""The manifest on a host: it reads back equal, a damaged one is refused, and who created a thing is never lost."""

import json

import pytest
from all_steps import EXAMPLES, KEY, OTHER_KEY, steps
from hypothesis import given
from hypothesis import strategies as st

from opspact.plan.manifest import Entry, Manifest, from_text, merged, to_text, without
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.structs import replace

NGINX = Package(name="nginx")
SUDO = Package(name="sudo")
FEW: tuple[Step, ...] = (NGINX, SUDO, Package(name="vim"), File(path="/etc/a", content=Content.of("a")))

entries = st.builds(Entry, steps, st.booleans())
manifests = st.lists(entries, max_size=6, unique_by=lambda entry: entry.step.identity).map(
    lambda found: Manifest(tuple(found))
)


@given(manifests)
def test_a_manifest_reads_back_equal(manifest: Manifest) -> None:
    assert from_text(to_text(manifest)) == manifest


@given(manifests)
def test_the_same_entries_are_the_same_text(manifest: Manifest) -> None:
    assert to_text(from_text(to_text(manifest))) == to_text(manifest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[]",
        "null",
        "5",
        '"text"',
        "{}",
        '{"schema": "opspact/manifest", "version": 1}',
        '{"schema": "opspact/manifest", "version": 2, "steps": []}',
        '{"schema": "other", "version": 1, "steps": []}',
        '{"schema": "opspact/manifest", "version": 1, "steps": {}}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [5]}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [[]]}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [{"kind": "package", "name": "nginx"}]}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [{"made": 1, "kind": "package", "name": "nginx"}]}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [{"made": true, "kind": "volume", "name": "nginx"}]}',
        '{"schema": "opspact/manifest", "version": 1, "steps": [{"made": true, "kind": "package", "name": null}]}',
        "\x00",
        "[" * 500 + "]" * 500,
        "[" * 500_000,
    ],
)
def test_a_manifest_that_is_damaged_or_newer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text(text)


@given(st.data())
def test_a_manifest_cut_off_anywhere_is_refused(data: st.DataObject) -> None:
    text = to_text(Manifest(tuple(Entry(step, made=True) for step in EXAMPLES[:1] + EXAMPLES[3:6])))
    end = data.draw(st.integers(1, len(text) - 2))
    with pytest.raises(ValueError, match=r".+"):
        from_text(text[:end])


def test_what_was_there_before_opspact_is_not_made_by_it() -> None:
    manifest = merged(Manifest(), [NGINX, SUDO], present=[SUDO.identity])
    assert manifest == Manifest((Entry(NGINX, made=True), Entry(SUDO, made=False)))


def test_what_leaves_the_policy_stays_listed_until_it_is_gone() -> None:
    before = Manifest((Entry(NGINX, made=True), Entry(SUDO, made=False)))
    during = merged(before, [SUDO], present=[SUDO.identity])
    assert during == before
    assert without(during, [NGINX.identity]) == Manifest((Entry(SUDO, made=False),))


def test_what_is_only_checked_is_not_listed() -> None:
    assert merged(Manifest(), [PortAnswer(port=80)], present=[]) == Manifest()


def test_a_step_that_says_something_new_is_listed_again() -> None:
    old, new = (File(path="/etc/a", content=Content.of(text)) for text in ("old", "new"))
    manifest = merged(Manifest((Entry(old, made=True),)), [new], present=[new.identity])
    assert manifest == Manifest((Entry(new, made=True),))


def test_rights_under_our_own_name_leave_with_their_policy_though_the_manifest_was_lost() -> None:
    rules, other = (File(path=f"/etc/sudoers.d/{name}", content=Content.of("")) for name in ("opspact-x", "x"))
    found = merged(Manifest(), [rules, other], [rules.identity, other.identity])
    assert [entry.made for entry in found.entries] == [True, False]


def test_a_key_leaves_with_its_policy_whoever_put_it_there() -> None:
    keys = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(KEY, OTHER_KEY))
    assert merged(Manifest(), [keys], present=[keys.identity]) == Manifest((Entry(keys, made=True),))


@pytest.mark.parametrize("made", [True, False])
def test_a_link_in_the_place_of_a_file_is_whoevers_the_file_was(made: bool) -> None:
    file, link = File(path="/etc/a", content=Content.of("a")), Link(path="/etc/a", target="/srv/a")
    manifest = merged(Manifest((Entry(file, made=made),)), [link], present=[link.identity])
    assert manifest.entries[-1] == Entry(link, made=made)


def test_a_manifest_contains_its_steps() -> None:
    manifest = Manifest((Entry(NGINX, made=True),))
    assert manifest.contains("package nginx")
    assert not manifest.contains("package sudo")


acts = st.lists(
    st.tuples(
        st.sets(st.sampled_from(FEW)),
        st.sets(st.sampled_from(FEW)),
        st.booleans(),
    ),
    max_size=8,
)


@given(acts)
def test_who_brought_a_thing_is_never_forgotten(history: list[tuple[set[Step], set[Step], bool]]) -> None:
    """Each act: the steps wanted, those seen on the host before, and whether what left could be taken away."""
    manifest = Manifest()
    brought: dict[str, bool] = {}
    for wanted, seen, gone in history:
        ordered = sorted(wanted, key=lambda step: step.order)
        present = {step.identity for step in seen}
        manifest = merged(manifest, ordered, present)
        for step in ordered:
            brought.setdefault(step.identity, step.identity not in present)
        assert {entry.step.identity: entry.made for entry in manifest.entries} == brought
        manifest = from_text(to_text(manifest))
        left = [identity for identity in brought if identity not in {step.identity for step in wanted}]
        if gone:
            manifest = without(manifest, left)
            for identity in left:
                del brought[identity]
        assert {entry.step.identity for entry in manifest.entries} == set(brought)


def test_noting_twice_changes_nothing() -> None:
    once = merged(Manifest(), FEW, present=[SUDO.identity])
    assert merged(once, FEW, present=[step.identity for step in FEW]) == once


def test_a_manifest_is_json_that_names_its_schema_first() -> None:
    data = json.loads(to_text(Manifest((Entry(replace(NGINX), made=True),))))
    assert list(data) == ["schema", "version", "steps"]
    assert data["steps"] == [{"made": True, "kind": "package", "name": "nginx"}]
