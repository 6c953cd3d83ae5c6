"""A file among the policies that is not read is never passed over without a word, unless it is plainly no policy."""

import pytest

from opspact.errors import Refused
from opspact.schema.read import read_policies
from opspact.schema.unexpected_files import is_unexpected, unexpected_files

CONTRACT = (
    b"kind: contract\nname: office\ncustomer: {en: C}\nprovider: {en: P}\n"
    b"period: 2026-01-01..2026-12-31\nzone: Asia/Shanghai\nlanguage: en\n"
)


def said(*paths: str) -> list[tuple[str, str]]:
    return [(problem.code, problem.place.file) for problem in unexpected_files(paths)]


@pytest.mark.parametrize(
    "path",
    [
        *("web.YAML", "web.Yml", "web.ymal", "web.json", "web.yaml.disabled", "web.yaml.orig", "web", "oa.conf.j2"),
        *(".web.yaml", ".draft/web.yml", ".web.JSON"),
        *("group_vars/web.yaml", "host-vars/app1", "sub/GroupVars/all.yml"),
    ],
)
def test_what_may_be_taken_for_a_policy_is_named(path: str) -> None:
    assert said(f"policies/{path}") == [("OP035", f"policies/{path}")]


@pytest.mark.parametrize(
    "path",
    [
        *("web.yaml", "web.yml", "sub/web.yaml", "group/web.yaml", "hosts/web.yaml", "group_vars.yaml"),
        *("web.yaml~", ".web.yaml.swp", ".web.yaml.swo", ".#web.yaml", "#web.yaml#"),
        *("README", "README.md", "readme.zh-CN.md", "sub/notes.md", "LICENSE"),
        *(".gitkeep", ".gitignore", ".yamllint", ".DS_Store", "sub/.gitkeep"),
    ],
)
def test_policies_editors_droppings_and_what_tells_of_the_folder_are_fine(path: str) -> None:
    assert said(f"policies/{path}") == []


def test_only_the_folders_of_policies_and_runbooks_are_looked_at() -> None:
    assert not any(map(is_unexpected, ["files/web.YAML", "inventory/.x.yaml"]))
    assert is_unexpected("runbooks/web.json")


def test_strays_are_told_with_all_that_is_wrong_and_do_not_hide_where_the_contract_is() -> None:
    with pytest.raises(Refused) as refused:
        read_policies({"policies/contract.YAML": CONTRACT, "policies/team.yaml": b"kind: tem\nname: x\n"})
    assert [problem.code for problem in refused.value.problems] == ["OP035", "OP012"]

    with pytest.raises(Refused) as alone:
        read_policies({"policies/contract.yaml.txt": CONTRACT})
    assert [problem.code for problem in alone.value.problems] == ["OP035"]


def test_a_hidden_policy_is_refused_and_not_read() -> None:
    with pytest.raises(Refused) as refused:
        read_policies({"policies/contract.yaml": CONTRACT, "policies/.draft.yaml": b"kind: tem\n"})
    assert [(problem.code, problem.place.file) for problem in refused.value.problems] == [
        ("OP035", "policies/.draft.yaml")
    ]


def test_variables_among_the_policies_are_not_read_as_policies() -> None:
    with pytest.raises(Refused) as refused:
        read_policies({"policies/contract.yaml": CONTRACT, "policies/group_vars/web.yaml": b"port: 80\n"})
    (problem,) = refused.value.problems
    assert problem.code == "OP035"
    assert "inventory/group_vars/" in problem.hint
