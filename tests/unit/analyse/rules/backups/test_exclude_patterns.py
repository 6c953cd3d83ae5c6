"""Rules about the patterns that leave things out of a backup: one that is refused, leaves out all, or nothing."""

import pytest
from building import backup
from judging import found


def copied(pattern: str, *, paths: str = "[/etc, /srv/oa]") -> str:
    return backup("copied").replace("{paths: [/etc]}", f"{{paths: {paths}, exclude: ['*.tmp', '{pattern}']}}")


@pytest.mark.parametrize(
    "pattern", ["re:^srv/(tmp", "re:*.log", "re:[z-a]", "xx:/srv", "re:(?P<a", "sh:/srv/[z-a]", "12:30"]
)
def test_a_pattern_that_borg_refuses_stops_every_run(pattern: str) -> None:
    (finding,) = found("OP417", copied(pattern))
    assert (finding.policy, pattern in finding.message) == ("backup/copied", True)
    assert not found("OP418", copied(pattern)) + found("OP419", copied(pattern))


@pytest.mark.parametrize("pattern", ["re:^srv/tmp", "sh:**/*.log", "pp:/srv/oa/tmp", "*.log", "# 12:30", "re:(a+)+$"])
def test_a_pattern_that_borg_accepts_stops_no_run(pattern: str) -> None:
    assert not found("OP417", copied(pattern))


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("*", {"all paths"}),
        ("re:.", {"all paths"}),
        ("sh:**", {"all paths"}),
        ("/srv/oa", {"/srv/oa"}),
        ("/srv", {"/srv/oa"}),
        ("/srv/oa/*", {"/srv/oa"}),
        ("sh:/*/oa", {"/srv/oa"}),
        ("pp:/etc", {"/etc"}),
        ("pf:/etc", {"/etc"}),
        ("re:^etc$", {"/etc"}),
        ("/", {"all paths"}),
        ("sh:/", {"all paths"}),
    ],
)
def test_a_pattern_leaves_out_a_whole_path(pattern: str, paths: set[str]) -> None:
    (finding,) = found("OP418", copied(pattern))
    assert pattern in finding.message
    assert all(path in finding.message for path in paths)
    assert not found("OP419", copied(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "tmp",
        "/var/tmp",
        "/srv/oab",
        "pf:/srv",
        "pp:srv/o",
        "re:^/srv/oa/tmp",
        "# *.log",
        "/sr/*",
        "sh:*.log",
        "sh:/srv/*.log",
        "sh:/srv/*.d/x",
    ],
)
def test_a_pattern_leaves_out_nothing(pattern: str) -> None:
    (finding,) = found("OP419", copied(pattern))
    assert pattern in finding.message
    assert not found("OP418", copied(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "*/tmp",
        "/srv/oa/tmp",
        "sh:/srv/*/tmp",
        "srv/oa/tmp",
        "sh:**/tmp",
        "re:/tmp$",
        "/srv/o*/tmp",
        "*.o",
        "sh:*/*/*.o",
        "sh:srv/o*/x",
        "sh:/srv/**/x",
    ],
)
def test_a_pattern_that_may_fit_something_is_fine(pattern: str) -> None:
    for code in ("OP417", "OP418", "OP419"):
        assert not found(code, copied(pattern))


def test_a_backup_of_databases_alone_has_nothing_to_leave_out() -> None:
    databases = backup("copied").replace("{paths: [/etc]}", "{databases: [{postgresql: oa}], exclude: [tmp]}")
    assert not found("OP418", databases) + found("OP419", databases)
