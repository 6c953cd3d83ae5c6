"""The help of every command, on terminals of any width."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from narrow import unfit

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS


def every_help(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        yield context.command_path, command.get_help(context)
        for below, inner in getattr(command, "commands", {}).items():
            yield from every_help(inner, below, context)


def shown(width: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("COLUMNS", str(width))
    return dict(every_help(typer.main.get_command(application(list(COMMANDS))), "opspact"))


@pytest.mark.parametrize("width", [30, 44, 80])
def test_every_help_fits_its_terminal_with_commands_in_one_piece(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = shown(1_000, monkeypatch)
    narrow = shown(width, monkeypatch)

    assert len(narrow) > 30
    assert {
        path: wrong for path, text in narrow.items() if (wrong := unfit(text.splitlines(), wide[path], width))
    } == {}


def test_names_and_descriptions_keep_their_indents(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(44, monkeypatch)["opspact"]
    options = text.partition("Options:\n")[2].partition("\n\n")[0].splitlines()

    assert {len(each) - len(each.lstrip()) for each in options if each.lstrip().startswith("-")} == {2}
    assert {len(each) - len(each.lstrip()) for each in options if not each.lstrip().startswith("-")} == {6}


def test_no_summary_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(shown(44, monkeypatch)["opspact"].split())

    assert [entry.summary for entry in COMMANDS.values() if entry.summary not in text] == []
