"""Lines for people: broken where a terminal is narrow, coloured where it is wanted, harmless whatever they hold."""

import io
import os
import termios
import time

import pytest

from opspact.report.lines import line, one_line, plain, shortened
from opspact.report.screen import Screen, screen
from opspact.text.counts import format_count


def shown(*lines: object, width: int | None = None, color: bool = False) -> str:
    stream = io.StringIO()
    Screen(stream, color, width).show(lines)  # type: ignore[arg-type]  # lines, whatever the test gives
    return stream.getvalue()


def test_in_a_file_a_line_stays_whole_and_plain() -> None:
    assert (
        shown(line(("failed", "bad"), "  " + "word " * 40 + "end", indent=2)) == "  failed  " + "word " * 40 + "end\n"
    )


def test_on_a_narrow_terminal_the_rest_of_a_line_stands_further_in() -> None:
    text = shown(line("one two three four five six", indent=2, hang=4), width=20)

    assert text == "  one two three four\n      five six\n"


def test_letters_that_take_two_columns_are_counted_as_two() -> None:
    text = shown(line("甲" * 25), width=30)

    assert [len(part) for part in text.splitlines()] == [15, 12]  # the rest stands two columns further in


def test_chinese_is_broken_between_letters_and_no_line_begins_with_a_comma() -> None:
    text = shown(line("state  ", "全系统每月一次备份，修改过的数据每周一次", hang=7), width=25)

    assert text.splitlines() == ["state  全系统每月一次备", "       份，修改过的数据每", "       周一次"]


def test_a_path_stays_in_one_piece_and_another_long_word_is_broken_where_the_room_ends() -> None:
    assert shown(line("see /etc/opspact/a"), width=16) == "see\n  /etc/opspact/a\n"
    assert shown(line("see /etc/opspact/backup/daily now"), width=16) == "see\n  /etc/opspact/backup/daily\n  now\n"
    assert shown(line("see " + "x" * 20), width=16) == f"see\n  {'x' * 14}\n  {'x' * 6}\n"


def test_a_long_word_is_broken_in_no_time() -> None:
    begun = time.process_time()
    lines = shown(line('+{"a":1' + ',"b":2' * 20_000), width=100).splitlines()  # one line of a file that plan shows
    assert len(lines) > 1000
    assert time.process_time() - begun < 5


def test_on_44_columns_a_command_stays_in_one_piece_and_the_indent_is_kept() -> None:
    text = "use --yes, or create a plan file with `opspact plan --live --out FILE` first"

    assert shown(line(("hint: ", "quiet"), text, indent=2, hang=6), width=44).splitlines() == [
        "  hint: use --yes, or create a plan file",
        "        with",
        "        `opspact plan --live --out FILE`",
        "        first",
    ]


def test_a_command_that_is_longer_than_a_line_stays_in_one_piece() -> None:
    command = "`opspact calendar due --calendar desk-5x8 --start 2026-01-05`"

    assert shown(line(f"run {command} now"), width=30).splitlines() == ["run", f"  {command}", "  now"]


def test_a_command_without_backticks_stays_in_one_piece() -> None:
    assert shown(line("and 12 more: opspact status --format json"), width=30).splitlines() == [
        "and 12 more:",
        "  opspact status --format json",
    ]


def test_colour_does_not_change_the_words() -> None:
    text = shown(line(("failed", "bad"), ": it"), color=True)

    assert "\x1b[1;31mfailed\x1b[0m" in text
    assert text.replace("\x1b[1;31m", "").replace("\x1b[0m", "") == "failed: it\n"


@pytest.mark.parametrize(
    ("environment", "no_color", "colored"),
    [
        ({}, False, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, True),
        ({"TERM": "dumb"}, False, False),
        ({}, True, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, no_color: bool, colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert screen(terminal, no_color=no_color).color is colored
    assert not screen(io.StringIO()).color


@pytest.mark.parametrize(("environment", "width"), [("", 60), ("0", 60), ("44", 44)])
def test_lines_are_broken_where_the_terminal_that_is_written_to_ends(
    environment: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", environment)
    leader, follower = os.openpty()
    termios.tcsetwinsize(follower, (40, 60))
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert screen(terminal).width == width
    assert screen(io.StringIO()).width == (44 if environment == "44" else None)


def test_a_terminal_that_does_not_know_its_width_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert screen(terminal).width == 80


@pytest.mark.parametrize("nasty", ["\x1b[2Jgone", "a\rb", "\u202egnp.exe", "\x9b31m", "\x07", "\u2028"])
def test_nothing_that_a_host_says_can_steer_a_terminal(nasty: str) -> None:
    text = plain([line(nasty)])

    assert text[:-1].isprintable()
    assert shown(line(nasty), color=True, width=80).rstrip("\n").isprintable()


def test_markup_and_emoji_words_are_shown_as_they_are() -> None:
    assert shown(line("[bold]x[/bold] :smile: [1]"), color=True, width=80) == "[bold]x[/bold] :smile: [1]\n"


def test_several_lines_become_one() -> None:
    assert one_line("a\r\nb\nc\td") == "a | b | c d"


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    assert shortened("a" * 50 + "b" * 50, 20) == "a" * 10 + " … " + "b" * 10
    assert shortened("short", 20) == "short"


@pytest.mark.parametrize(("number", "words"), [(0, "0 hosts"), (1, "1 host"), (2, "2 hosts"), (10_000, "10,000 hosts")])
def test_things_are_counted_in_words(number: int, words: str) -> None:
    assert format_count(number, "host") == words
