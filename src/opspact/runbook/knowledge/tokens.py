"""Texts in Chinese and English as terms of the index, and as the parts of a query.

In: text from anywhere, such as a pasted error. Out: terms, parts.

Chinese is written without blanks: it is indexed by each two characters that stand together, so that words of two are
found. `db-1`, `10.0.0.1` and `ORA-12541` are one word each.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from ipaddress import AddressValueError, IPv6Address

from opspact.structs import Struct

_CHINESE = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts without blanks: Chinese, and what stands in names of Japanese and Korean products."""

_LETTER = rf"[^\W_{_CHINESE}]"
_ADDRESS = r"(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}"
_WORD = rf"{_LETTER}+(?:[-._]{_LETTER}+)*"
_TWO_LETTERS = rf"(?<![\w/]){_LETTER}/{_LETTER}(?![\w/])"
"""I/O, B/S."""

_PIECES = re.compile(rf"[{_CHINESE}]+|{_ADDRESS}|{_TWO_LETTERS}|{_WORD}")
_STRETCH = re.compile(rf"[{_CHINESE}]")
_WORDS = re.compile(_WORD)
_TELLING = re.compile(r"[0-9._:]")
_CONNECTED = re.compile(r"[-._]")
_WHOLE = re.compile("[:/]")
"""What stands in words that have no parts of their own."""

_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
"""What colours text on terminals, and is copied with it."""

_FILLERS = re.compile("请问|怎么办|怎么样|怎么|如何|为什么|为何|什么|一下|[的了吗呢吧啊]")
_FUNCTION_WORDS = re.compile(
    "a|an|and|are|as|at|be|been|by|did|do|does|for|from|had|has|have|in|is|it|its|my|of|on|or|our|that|the|their|there|"
    "this|to|was|we|were|will|with|would|you|your"
)
_LONGEST = 20_000
"""Characters of a text that are read: half of them at its beginning, half at its end."""

_NUMBER = 3
"""Digits from which on a number says something: shorter ones are counts, days and parts of times."""

_STEM = 3
"""Letters that must remain of a word without its ending."""

WORD_WEIGHT = 2
"""What a word of letters weighs: as much as two Chinese characters."""

_PAIR = 2


class Part(Struct):
    """A part of a query: a word, or one Chinese character. One of its terms, or what begins with `prefix`, is meant.

    `is_optional`: it says where or when rather than what, as addresses and times do; that it is missing says nothing.
    `word`: as it was typed, where that may be a typo; else empty.
    """

    weight: int
    terms: tuple[str, ...]
    prefix: str = ""
    is_optional: bool = False
    word: str = ""


def truncate(text: str) -> str:
    """Given a text, return as much of it as is read: the beginning and end of a long one."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"


def index_terms(text: str) -> list[str]:
    """Given a text, return the terms by which it is found, in its order."""
    return [term for piece in _pieces(text) for term in _terms_of(piece)]


def query_parts(text: str) -> tuple[Part, ...]:
    """Given what is searched for, return its parts, in its order; those of a word that is repeated once."""
    return tuple(part for piece in dict.fromkeys(_pieces(text)) for part in _parts_of(piece))


def is_identifier(term: str) -> bool:
    """Given a term, return whether it names one thing: a host, an address, a unit, an error code."""
    return not term.isdecimal() and bool(_TELLING.search(term))


def covered_weight(terms: Iterable[str], known: Container[str]) -> tuple[int, int]:
    """Given the terms of a text in their order, and known ones, return how much of it those cover, and its weight."""
    covered = weight = 0
    is_before = False  # the pair before is known: it covers this one's first character
    for term in terms:
        is_known = term in known
        size = 1 if _is_chinese(term) else WORD_WEIGHT
        weight += size
        covered += size * (is_known or is_before)
        is_before = is_known and size == 1 and len(term) == _PAIR
    return covered, weight


def stem(word: str) -> str:
    """Given an English word in small letters, return it without its ending: `refused` and `refuses` are one."""
    for ending in ("ing", "ed", "es", "s"):
        short = word.removesuffix(ending)
        if short != word and len(short) >= _STEM and not word.endswith(("ss", "eed")):
            word = short if len(short) < _STEM + 1 or short[-1] != short[-2] or short[-1] in "ls" else short[:-1]
            break
    if len(word) > _STEM and word.endswith("y"):
        return f"{word[:-1]}i"
    return word[:-1] if len(word) > _STEM and word.endswith("e") else word


def characters(terms: Iterable[str]) -> frozenset[str]:
    """Given the terms of a text, return its Chinese characters, and its words."""
    return frozenset(term if term.isascii() else term[:1] for term in terms)


def _is_chinese(term: str) -> bool:
    return bool(_STRETCH.match(term))


def _pieces(text: str) -> Iterator[str]:
    """Yield words, and stretches of Chinese, in one form of each character."""
    plain = unicodedata.normalize("NFKC", _TERMINAL.sub(" ", truncate(text))).casefold()
    for found in _PIECES.findall(_FILLERS.sub(" ", plain)):
        if ":" in found and not _is_address(found):
            yield from _WORDS.findall(found)
        else:
            yield found


def _is_address(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except AddressValueError:
        return False


def _terms_of(piece: str) -> Iterator[str]:
    if _is_chinese(piece):
        yield from _pairs(piece)
        yield piece[-1]  # every character begins a term, so one alone is found as a prefix
        return
    parts = _words_of(piece)
    if len(parts) != 1:
        yield piece
    if len(parts) == 1 or not all(map(str.isdecimal, parts)):
        yield from (_as_term(part) for part in parts if _says_something(part))


def _words_of(piece: str) -> list[str]:
    """Return the words of which a piece is made: itself, several that are connected, or none."""
    return [] if _WHOLE.search(piece) else _CONNECTED.split(piece)


def _pairs(piece: str) -> list[str]:
    return [piece[place : place + 2] for place in range(len(piece) - 1)]


def _says_something(word: str) -> bool:
    if word.isdecimal():
        return len(word) >= _NUMBER
    return len(word) > 1 and not _FUNCTION_WORDS.fullmatch(word)


def _as_term(word: str) -> str:
    return stem(word) if word.isalpha() else word


def _parts_of(piece: str) -> Iterator[Part]:
    if _is_chinese(piece):
        pairs = _pairs(piece)
        if not pairs:
            yield Part(1, (), prefix=piece)
        for place in range(len(piece) if pairs else 0):
            yield Part(1, tuple(pairs[max(0, place - 1) : place + 1]))
        return
    parts = _words_of(piece)
    if "/" in piece:
        yield Part(WORD_WEIGHT, (piece,))
    elif len(parts) == 1 or (parts and all(part.isalpha() and len(part) > 1 for part in parts)):
        whole = (piece,) if len(parts) > 1 else ()
        for part in filter(_says_something, parts):
            word = part if part.isalpha() else ""
            yield Part(WORD_WEIGHT, (*whole, _as_term(part)), is_optional=not word, word=word)
    else:
        yield Part(WORD_WEIGHT, (piece,), is_optional=True)
