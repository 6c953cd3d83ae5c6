"""What is asked for, in the terms of an index: typos corrected, each term with what it says.

In: a query, an index. Out: the parts of the query that the index knows, and the others.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import log

from opspact.runbook.knowledge.index import Index
from opspact.runbook.knowledge.tokens import Part, characters, index_terms, query_parts, stem
from opspact.structs import Struct
from opspact.text.suggestions import typing_errors

_MOST_TERMS = 64
"""Terms that are searched for, the rare ones: a pasted text has hundreds, and the frequent ones say little."""

_MOST_TYPED = 8
"""Words of a query up to which they may have typos: longer texts were printed by programs, which make none."""

_MOST_CHOICES = 8
"""Terms that one word may stand for."""

_SHORTEST_BEGINNING = 3
_SHORTEST_TYPO, _LONG = 4, 8
"""Letters from which on a word may have one typo, and two."""


class KnownPart(Struct):
    """A part of the query, by the terms of the index any of which stands for it; none: the index does not know it."""

    weight: int
    terms: frozenset[str]
    is_optional: bool


class Question(Struct, dict=True):
    """A query, for one index. `weights`: how much each term says, the rare ones more. `corrections`: of typos.

    `characters`: those of Chinese, and words, whether the index knows them or not. `name`: the query as it would be an
    entry's name.
    """

    parts: tuple[KnownPart, ...]
    weights: Mapping[str, float]
    corrections: Mapping[str, str]
    characters: frozenset[str]
    name: str

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
    return Question(tuple(of_index), weights, corrections, characters(index_terms(query)), query.strip().lower())


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
    """Return whether one can be a typo for the other: of three letters all must be there, `cod` is not `cor`."""
    if len(typed) < _SHORTEST_TYPO:
        return sorted(typed) == sorted(term)
    return len(set(typed) ^ set(term)) <= 2 * allowed
