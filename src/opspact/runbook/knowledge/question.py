"""What is asked for, in the terms of an index: typos corrected, each term with what it says.

In: a query, an index. Out: the parts of the query that the index knows, and the others.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice, pairwise
from math import log

from opspact.runbook.knowledge.index import Index
from opspact.runbook.knowledge.tokens import Part, characters, index_terms, query_parts, stem, truncate
from opspact.structs import Struct
from opspact.text.suggestions import typing_errors

_MOST_TERMS = 64
"""Terms that are searched for, the rare ones: a pasted text has hundreds, and the frequent ones say little."""

_MOST_TYPED = 8
"""Words of a query up to which they may have typos: longer texts were printed by programs, which make none."""

_MOST_CHOICES = 8
"""Terms that one word may stand for."""

_WINDOW = 2
"""Lines among which the words of a symptom must stand: a terminal may have broken one."""

_PUNCTUATION = re.compile(r"[\n,;.!?:，；。！？：、]")
_MOST_CLAUSES = 32

_SHORTEST_BEGINNING = 3
_SHORTEST_TYPO, _LONG = 4, 8
"""Letters from which on a word may have one typo, and two."""


class Clause(Struct):
    """A part of a text between marks of punctuation: its terms, and its characters."""

    terms: frozenset[str]
    characters: frozenset[str]


class KnownPart(Struct):
    """A part of the query, by the terms of the index any of which stands for it; none: the index does not know it."""

    weight: int
    terms: frozenset[str]
    is_optional: bool


class Question(Struct, dict=True):
    """A query, for one index. `weights`: how much each term says, the rare ones more. `corrections`: of typos.

    `characters`: those of Chinese, and words, whether the index knows them or not. `name`: the query as it would be an
    entry's name. `windows`: the terms of each two lines that follow each other, where a text has many lines.
    `clauses`: those that have Chinese in them.
    """

    parts: tuple[KnownPart, ...]
    weights: Mapping[str, float]
    corrections: Mapping[str, str]
    characters: frozenset[str]
    name: str
    windows: tuple[frozenset[str], ...] = ()
    clauses: tuple[Clause, ...] = ()

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that are searched for."""
        return frozenset(self.weights)

    def coverage(self, terms: frozenset[str]) -> float:
        """Given terms, return the share of the query that they cover: 0 to 1."""
        covered = total = 0
        for part in self.parts:
            is_covered = not part.terms.isdisjoint(terms)
            covered += part.weight * is_covered
            total += part.weight * (is_covered or not part.is_optional)
        return covered / total if total else 0.0


def question(query: str, index: Index, *, entries: int) -> Question:
    """Given a query and the index of so many entries, return what is asked for."""
    parts = query_parts(query)
    known = dict(index.documents({term for part in parts for term in part.terms}))
    chosen = _choices(parts, index, known)
    known |= index.documents({term for terms in chosen.values() for term in terms} - known.keys())
    terms = sorted(known, key=lambda term: (known[term], term))[:_MOST_TERMS]
    weights = {term: log(1 + (entries - known[term] + 0.5) / (known[term] + 0.5)) for term in terms}
    of_index = (
        KnownPart(
            part.weight,
            frozenset(weights.keys() & {*part.terms, *chosen.get(part, ())}),
            part.is_optional,
        )
        for part in parts
    )
    corrections = {part.word: terms[0] for part, terms in chosen.items() if part.word and terms}
    return Question(
        tuple(of_index),
        weights,
        corrections,
        characters(index_terms(query)),
        query.strip().lower(),
        () if corrections else tuple(_windows(query, weights.keys())),
        tuple(islice(_clauses(query), _MOST_CLAUSES)),
    )


def _clauses(query: str) -> Iterator[Clause]:
    """Yield the clauses of a text that have Chinese in them."""
    for text in _PUNCTUATION.split(truncate(query)):
        if not text.isascii():
            terms = index_terms(text)
            yield Clause(frozenset(terms), characters(terms))


def _windows(query: str, known: Collection[str]) -> Iterator[frozenset[str]]:
    """Yield the known terms of each two lines that follow each other; nothing of a text of two lines or one."""
    lines = [set(index_terms(line)).intersection(known) for line in truncate(query).splitlines() if line.strip()]
    for one, other in pairwise(lines) if len(lines) > _WINDOW else ():
        yield frozenset(one | other)


def _choices(parts: Iterable[Part], index: Index, known: Mapping[str, int]) -> Mapping[Part, tuple[str, ...]]:
    """Return, for each part that is not in the index as it is, the terms that it may stand for."""
    chosen = {part: index.terms_with_prefix(part.prefix, _MOST_TERMS) for part in parts if part.prefix}
    typed = [part for part in parts if part.word]
    if len(typed) <= _MOST_TYPED:
        chosen |= {part: _meant(part.word, index) for part in typed if known.keys().isdisjoint(part.terms)}
    return chosen


def _meant(word: str, index: Index) -> tuple[str, ...]:
    """Given a word that the index does not have, return those that begin with it, else those nearest to it."""
    if len(word) >= _SHORTEST_BEGINNING and (begun := index.terms_with_prefix(word, _MOST_CHOICES)):
        return begun
    typed = stem(word)
    allowed = (len(word) >= _SHORTEST_TYPO) + (len(word) >= _LONG)
    if not allowed or not word.isascii():
        return ()
    errors = {
        term: typing_errors(typed, term)
        for length in range(len(typed) - allowed, len(typed) + allowed + 1)
        for term in index.words_by_length.get(length, ())
        if _is_comparable(typed, term, allowed)
    }
    least = min(errors.values(), default=allowed + 1)
    return tuple(sorted(term for term, number in errors.items() if number == least <= allowed)[:_MOST_CHOICES])


def _is_comparable(typed: str, term: str, allowed: int) -> bool:
    """Return whether one can be a typo for the other. The first letter is hardly ever wrong: `port` is not `sort`.

    Of three letters all must be there: `cod` is not `cor`.
    """
    if typed[0] != term[0] and typed[:2] != term[1::-1]:
        return False
    if len(typed) < _SHORTEST_TYPO:
        return sorted(typed) == sorted(term)
    return len(set(typed) ^ set(term)) <= 2 * allowed
