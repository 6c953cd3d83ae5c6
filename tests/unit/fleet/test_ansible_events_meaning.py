"""What single events mean, and what makes a run a success."""

import pytest

from opspact.fleet.ansible_events import (
    HIDDEN,
    EventCollector,
    HostState,
    RunEvent,
    RunStatus,
    Stats,
    TaskStatus,
    clean,
    message_of,
    translate,
    without,
)


def stats(*seen: str, failed: tuple[str, ...] = (), unreachable: tuple[str, ...] = ()) -> Stats:
    return Stats(seen=seen, failed=failed, unreachable=unreachable, changed={})


def test_a_no_log_tasks_failure_is_hidden() -> None:
    raw = {"event": "runner_on_failed", "event_data": {"host": "a", "task": "T", "res": {"censored": "…"}}}
    assert translate(raw) == RunEvent("a", "T", TaskStatus.FAILED, HIDDEN)


def test_a_failed_item_of_a_loop_gives_the_reason() -> None:
    result = {
        "msg": "One or more items failed",
        "results": [{"changed": True}, {"failed": True, "msg": "no space left"}],
    }
    assert message_of(result) == "no space left"


@pytest.mark.parametrize("message", ["non-zero return code", "non-zero return code."])  # until 2.20, and since then
def test_what_a_program_complained_of_follows_the_message(message: str) -> None:
    assert message_of({"msg": message, "rc": 1, "stderr": "no space left\n"}) == "non-zero return code: no space left"


def test_a_hidden_item_of_a_loop_stays_hidden() -> None:
    assert message_of({"results": [{"failed": True, "censored": "…"}]}) == HIDDEN


def test_control_and_direction_characters_of_hosts_are_taken_out() -> None:
    assert clean("a\x1b[2Jb\x07c\u202ed\x9be\r\nf\tg") == "a [2Jb c d e\nf g"


def test_long_messages_are_cut() -> None:
    assert len(clean("x" * 5000)) == 2000


def test_events_that_say_nothing_about_a_host_mean_nothing() -> None:
    assert translate({"event": "verbose", "stdout": "hello"}) is None


def test_the_last_net_turns_secrets_into_stars_but_leaves_short_ones() -> None:
    assert without(["hunter22", "ab"], "my hunter22 is about") == "my ******** is about"


@pytest.mark.parametrize(
    ("closing", "expected"),
    [
        (stats("a", "b"), RunStatus.SUCCESSFUL),
        (stats("a"), RunStatus.FAILED),
        (stats("a", "b", "c"), RunStatus.FAILED),
        (stats("a", "b", failed=("b",)), RunStatus.FAILED),
        (stats("a", "b", unreachable=("b",)), RunStatus.FAILED),
        (None, RunStatus.BROKEN),
    ],
)
def test_success_needs_exactly_the_planned_hosts_all_ok(closing: Stats | None, expected: RunStatus) -> None:
    collector = EventCollector(("a", "b"), stats=closing)
    assert collector.status("successful") == expected


def test_the_runners_own_word_failed_is_never_turned_into_success() -> None:
    assert EventCollector(("a",), stats=stats("a")).status("failed") is RunStatus.FAILED


def test_without_closing_stats_no_host_is_ok() -> None:
    collector = EventCollector(("a", "b"))
    collector.add(RunEvent("a", "T", TaskStatus.CHANGED))
    collector.add(RunEvent("b", "T", TaskStatus.FAILED, "why"))
    assert [(host.state, host.changed, host.message) for host in collector.hosts().values()] == [
        (HostState.MISSING, 1, ""),
        (HostState.FAILED, 0, "why"),
    ]


def test_a_failed_loop_says_which_item_failed() -> None:
    items = [{"msg": "ok"}, {"failed": True, "_ansible_item_label": "/etc/motd", "msg": "no space left"}]
    result = {"msg": "One or more items failed", "results": items}
    assert message_of(result) == "/etc/motd: no space left"
    for label, named in ("/etc/motd", ("/etc/motd",)), (None, ()):
        failed = {"results": [{"msg": "ok"}, {"failed": True, "_ansible_item_label": label}]}
        seen = translate({"event": "runner_on_failed", "event_data": {"host": "app1", "task": "Write", "res": failed}})
        assert isinstance(seen, RunEvent)
        assert seen.items == named


def test_a_host_that_an_ended_run_did_not_come_to_is_known_from_one_that_was_begun() -> None:
    collector = EventCollector(("app1", "app2"))
    collector.add(RunEvent("app1", "Install nginx", TaskStatus.STARTED))
    hosts = collector.hosts()
    assert {name: (run.state, run.begun) for name, run in hosts.items()} == {
        "app1": (HostState.MISSING, True),
        "app2": (HostState.MISSING, False),
    }
