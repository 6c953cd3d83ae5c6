"""Names in `src`, and what people read, use the words of docs/vocabulary.md."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sources import SOURCES, TOP, broken, nodes, parsed, strings

PAGE = TOP / "docs" / "vocabulary.md"

STARTER = SOURCES / "rollout" / "starter"
READ_BY_PEOPLE = sorted(
    path
    for folder, pattern in (
        (TOP, "*.md"),
        (TOP / "docs", "**/*.md"),
        (TOP / "policies", "**/*.yaml"),
        (TOP / "runbooks", "**/*.yaml"),
        (STARTER, "**/*.md"),
        (STARTER, "**/*.yaml"),
    )
    for path in folder.glob(pattern)
)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_WORD = re.compile(r"[a-z][a-z_]*")


# The page


@cache
def sections() -> dict[str, str]:
    """Return the page's sections by heading."""
    parts = re.split(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(heading: str) -> Iterator[list[str]]:
    """Yield the rows of a section's table, its head left out."""
    table = [line for line in sections()[heading].splitlines() if line.startswith("|")]
    for row in table[2:]:
        yield [cell.strip() for cell in row.strip("|").split("|")]


@cache
def verbs() -> frozenset[str]:
    (words,) = (part for part in sections()["Verbs"].split("\n\n") if part.count(",") > 20)
    return frozenset(_WORD.findall(words))


@cache
def words_of_names() -> frozenset[str]:
    lines = re.sub(r"^- \*\*.*?\*\*:", "", sections()["Words in names"], flags=re.MULTILINE)
    return frozenset(_WORD.findall(lines))


@cache
def refused_words() -> frozenset[str]:
    return frozenset(word for was, _ in rows("Names: from → to") for word in re.findall(r"`(\w+)`", was))


def inflected(verb: str) -> set[str]:
    stem = verb.removesuffix("e")
    doubled = verb + verb[-1]
    return {verb, f"{verb}s", f"{verb}es", f"{stem}ed", f"{doubled}ed", f"{verb[:-1]}ies", f"{verb[:-1]}ied"}


@cache
def known_words() -> frozenset[str]:
    plural = {form for word in words_of_names() for form in (word, f"{word}s", f"{word}es", f"{word[:-1]}ies")}
    return frozenset({*plural, *(form for verb in verbs() for form in inflected(verb))} - refused_words())


# Names


def public_names(path: Path) -> Iterator[str]:
    """Yield the name of a module, and those of its public classes, methods and functions."""
    yield path.parent.name if path.name in {"__init__.py", "__main__.py"} else path.stem
    for node in nodes(path):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name


def unknown_words(name: str) -> list[str]:
    """Return the words of a name that are not on the page; two that are there as one (`data_care`) count as one."""
    words = [word.lower() for word in _PART.findall(name)]
    unknown = []
    while words:
        pair = "_".join(words[:2])
        if len(words) > 1 and pair in words_of_names():
            words = words[2:]
            continue
        if words[0] not in known_words():
            unknown.append(words[0])
        words = words[1:]
    return unknown


def test_a_name_is_made_of_known_words() -> None:
    def rule(path: Path) -> object:
        return {name: words for name in public_names(path) if (words := unknown_words(name))}

    assert broken(rule) == {}, "see docs/vocabulary.md"


def test_a_refused_word_is_not_listed_as_known() -> None:
    assert refused_words() & (words_of_names() | verbs()) == set()


@pytest.mark.parametrize("name", ["settling", "note_of", "AskedAs", "weaker_when", "QuuxPlan"])
def test_an_old_or_unknown_word_is_noticed(name: str) -> None:
    assert unknown_words(name)


# What people read


def as_pattern(phrase: str) -> str:
    words = [r"(?:\S+ ){1,4}?" if word == "…" else rf"{re.escape(word)}[ ]" for word in phrase.split()]
    return r"\b" + "".join(words).removesuffix("[ ]") + r"\b"


@cache
def phrases() -> re.Pattern[str]:
    return re.compile("|".join(as_pattern(phrase) for phrase, _ in rows("Phrases: from → to")), re.IGNORECASE)


def refused_phrases(text: str) -> list[str]:
    """Return the phrases of a text that the page refuses; line breaks count as blanks."""
    return [found[0] for found in phrases().finditer(re.sub(r"\s+", " ", text))]


def prose(text: str) -> str:
    """Return a document without code in a line of prose: it quotes a name, such as a former key of JSON."""
    return re.sub(r"`[^`\n]*`", "`…`", text)


def test_a_message_uses_the_words_of_the_field() -> None:
    """Docstrings count where they are help texts."""

    def rule(path: Path) -> object:
        texts = strings(parsed(path), docstrings=path.parent.name == "cli")
        return [phrase for text in texts for phrase in refused_phrases(text)]

    assert broken(rule) == {}, "see docs/vocabulary.md"


def test_a_document_uses_the_words_of_the_field() -> None:
    def rule(path: Path) -> object:
        return refused_phrases(prose(path.read_text(encoding="utf-8")))

    assert broken(rule, [path for path in READ_BY_PEOPLE if path != PAGE]) == {}, "see docs/vocabulary.md"


@pytest.mark.parametrize("text", ["It makes the hosts so.", "read\nanew", "Look again"])
def test_an_odd_phrase_is_noticed(text: str) -> None:
    assert refused_phrases(text)
