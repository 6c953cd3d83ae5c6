"""Host patterns whose wildcards fit the name of the group that holds every host."""

import pytest
from analysing import found, lines
from reading import named


def written(pattern: str) -> str:
    items = "items: [{load: {warn: 1, critical: 2}}]"
    return f"kind: inspection\nname: servers\nhosts: {pattern!r}\nschedule: daily at 07:30\n{items}\n"


@pytest.mark.parametrize("pattern", ["a*", "*l*", "~a.*", "db,a*", "???", "web:&a*", "a[lx]*"])
def test_a_pattern_that_fits_all_by_accident_is_told(pattern: str) -> None:
    assert lines("OP213", written(pattern)) == [("inspection/servers", f"hosts: {pattern!r}")]


@pytest.mark.parametrize(
    "pattern",
    ["all", "*", "app*", "db*:web", "~.*", "~app.*", "w*", "all:!web", "!db", "web[0:1]", "all[0:1]", "all[-1]", "?*"],
)
def test_a_pattern_that_means_what_it_selects_is_fine(pattern: str) -> None:
    assert lines("OP213", written(pattern)) == []


def test_what_it_would_select_otherwise_is_named() -> None:
    (finding,) = found("OP213", written("a*"))
    assert named(finding, "app1", "app2", "db1") == {"app1", "app2", "db1"}
