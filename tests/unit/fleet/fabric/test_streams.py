import re

import pytest
from invoke.exceptions import ResponseNotAccepted
from invoke.watchers import FailingResponder, Responder, StreamWatcher

from opspact.fleet.fabric.streams import WINDOW, EndMark, ListenerGroup, OutputStorage

WORD = "0123456789abcdef"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_mark_is_found_wherever_the_stream_is_cut(size: int) -> None:
    mark = EndMark(WORD)
    said = b"\x1e\x1eprompt: " + f"\x1e{WORD} 137\n".encode() + b"later"
    shown = b"".join(mark.accept(said[at : at + size]) for at in range(0, len(said), size)) + mark.rest()
    assert (mark.status, shown) == (137, b"\x1e\x1eprompt: later")


def test_nothing_of_a_prompt_is_held_back() -> None:
    assert EndMark(WORD).accept(b"Password 0") == b"Password 0"


def test_a_mark_that_never_ends_is_output() -> None:
    mark = EndMark(WORD)
    assert mark.accept(f"x\x1e{WORD} 1".encode()) == b"x"
    assert (mark.status, mark.rest()) == (None, f"\x1e{WORD} 1".encode())


def test_all_is_kept_up_to_the_limit() -> None:
    parts: list[str] = []
    kept = OutputStorage(parts, limit=5, last=False)
    assert [kept.add("数", 3), kept.add("ab", 2), kept.add("c", 1)] == [True, True, False]
    assert "".join(parts) == "数abc"


def test_of_what_goes_elsewhere_the_end_is_kept() -> None:
    parts: list[str] = []
    kept = OutputStorage(parts, limit=100, last=True)
    assert all(kept.add(f"{number:05}", 5) for number in range(1000))
    text = "".join(parts)
    assert (text[-5:], 100 <= len(text) <= 200) == ("00999", True)


def test_responders_answer_once_however_far_the_window_has_moved() -> None:
    listeners = ListenerGroup([Responder("go on[?]", "yes\n"), FailingResponder("word:", "pw\n", "wrong")])
    filler = "x" * 1000
    texts = [*[filler] * 40, "go on? ", *[filler] * 40, "word:", *[filler] * 10, "go ", "on?", *[filler] * 40]
    assert [answer for text in texts for answer in listeners.answers(text)] == ["yes\n", "pw\n", "yes\n"]
    with pytest.raises(ResponseNotAccepted):
        list(listeners.answers("wrong"))


def test_responders_look_at_each_character_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    find = re.findall

    def counted(pattern: str, text: str, flags: int) -> list[str]:
        looked.append(len(text))
        return find(pattern, text, flags)

    monkeypatch.setattr("invoke.watchers.re.findall", counted)
    listeners = ListenerGroup([Responder("never", "")])
    for _ in range(1000):
        assert list(listeners.answers("x" * 10_000)) == []
    assert max(looked) <= 2 * WINDOW + 10_000


def test_other_watchers_are_shown_all_of_the_stream() -> None:
    class Lengths(StreamWatcher):
        def submit(self, stream: str) -> list[str]:
            return [str(len(stream))]

    listeners = ListenerGroup([Lengths()])
    assert [answer for _ in range(3) for answer in listeners.answers("x" * WINDOW)] == [
        str(WINDOW * count) for count in (1, 2, 3)
    ]
