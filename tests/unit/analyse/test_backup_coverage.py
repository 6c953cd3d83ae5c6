"""What a backup holds, as borg reads the patterns that leave things out (compared with borg 1.2's own reading)."""

import pytest
from analysing import messages
from building import backup, service, tree

from opspact.analyse.backup_coverage import holds
from opspact.resolve.contract import resolve


def held(pattern: str, path: str = "/srv/oa", *, paths: str = "[/srv]") -> bool:
    written = backup("copied").replace("{paths: [/etc]}", f"{{paths: {paths}, exclude: ['{pattern}']}}")
    return holds(resolve(tree(written)).backups[0], path)


@pytest.mark.parametrize(
    "pattern",
    [
        "/srv/oa",
        "srv/oa",
        "/srv/oa/",
        "/srv/oa/*",
        "/srv/o*",
        "/s*a",
        "*/oa",
        "/srv/./oa",
        " /srv/oa ",
        "fm:/srv/[m-o]?",
        "sh:/srv/oa/**",
        "sh:/srv/oa/*",
        "sh:/srv/oa/",
        "sh:**/oa",
        "sh:/*/[!p]a",
        "sh:/srv/**/oa",
        "pp:/srv/oa/",
        "pf:/srv/oa",
        "pf:/srv",
        "re:^srv/o",
        "re:oa$",
        "re:/oa/[^/]+$",
    ],
)
def test_a_folder_is_left_out_with_what_is_placed_in_it(pattern: str) -> None:
    assert not held(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "*.tmp",
        "*/.*",
        "/srv/o",
        "/srv/oa/cache",
        "/srv/oa/*.log",
        "/srv/oab*",
        "sh:/s*a",
        "sh:/srv/oa/*.log",
        "sh:*/a",
        "pp:/srv/o",
        "pf:oa",
        "re:^/srv/oa",
        "re:(",
        "re:(a+)+$",
        "sh:/srv/[z-a]",
        "xx:/srv/oa",
        "# /srv/oa",
    ],
)
def test_a_pattern_that_fits_neither_folder_nor_all_in_it_leaves_it_there(pattern: str) -> None:
    assert held(pattern)


def test_a_folder_that_is_named_is_not_left_out_with_the_one_above_it() -> None:
    assert not held("pf:/srv", paths="[/srv]")
    assert held("pf:/srv", paths="[/srv, /srv/oa]")
    assert not held("*.tmp", "/srvx")


@pytest.mark.parametrize("code", ["OP226", "OP414"])
def test_both_rules_miss_what_a_pattern_leaves_out(code: str) -> None:
    oa = service("oa", "directories: [{path: /srv/oa}]\ndata: {paths: [/srv/oa]}")
    copied = backup("copied").replace("{paths: [/etc]}", "{paths: [/srv], exclude: ['/srv/o*']}")
    assert len(messages(code, oa, copied)) == 1
    assert messages(code, oa, copied.replace("/srv/o*", "*.tmp")) == []
