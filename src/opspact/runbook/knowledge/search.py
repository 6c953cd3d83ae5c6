"""Search in the knowledge base: what is seen first, then titles, then everything else.

In: entries with their index, a query, how often runbooks succeeded. Out: matches, or what is nearest.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import chain

from opspact.runbook.knowledge.entry import Entry
from opspact.runbook.knowledge.index import Candidate, Index
from opspact.runbook.knowledge.nearest import nearest_texts
from opspact.runbook.knowledge.question import Question, question
from opspact.runbook.knowledge.tokens import characters, covered_weight, is_identifier
from opspact.structs import Struct

_CANDIDATES = 20
"""Entries that are compared with the query term by term: the best ones by SQLite's bm25, and so many by symptoms."""

_ENOUGH = 0.4
"""The share of a query that makes a match. Of four Chinese characters one may be wrong, which spoils two pairs."""

_ENOUGH_OF_TEXT, _LEAST_WEIGHT = 0.6, 4
"""The share of a symptom or a title that a long query has to contain, and the least of it: two words."""


_ENOUGH_OF_CHARACTERS = 0.75
"""The share of a symptom's characters that a clause of the query has to have, two of them side by side."""


class Field(IntEnum):
    """Where an entry matches, the best first."""

    NAME = 0
    SYMPTOM = 1
    TITLE = 2
    TEXT = 3


class Match(Struct):
    """An entry that matches. `symptom`: the one that fits best, empty for none; `score`: of entries of one field."""

    entry: Entry
    field: Field
    symptom: str
    score: float


class Found(Struct):
    """What a search gave. `corrections`: words that were not known, with what was searched for in their place.

    `suggestions`: words and symptoms that are nearest to the query, where nothing matches.
    """

    matches: tuple[Match, ...]
    corrections: Mapping[str, str]
    suggestions: tuple[str, ...] = ()


class KnowledgeBase:
    """Entries that can be searched."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Index the entries."""
        self.entries = entries
        self.index = Index(entries)

    def search(self, query: str, *, share: Callable[[str], float] = lambda _: 0.0) -> Found:
        """Given a query, any text at all, return the entries that match, the most likely first.

        `share`: given a runbook, the share of its runs that succeeded; of equal matches, the higher one comes first.
        """
        asked = question(query, self.index, entries=len(self.entries))
        candidates = self.index.candidates(asked.terms, _CANDIDATES) if asked.terms else ()
        matches = [match for each in candidates if (match := _match(asked, self.entries[each.place], each))]
        if not matches:
            return Found((), {}, tuple(nearest_texts(query, self.entries, self.index.words)))
        matches.sort(key=lambda it: (it.field, -it.score, -share(it.entry.runbook), it.entry.name, it.entry.kind))
        return Found(tuple(matches), asked.corrections)


class _Best(Struct, order=True):
    """The text of a field that fits the query best.

    `is_enough`: so much of it is in the query, in one place, that it is meant, whatever else that says. `share`: how
    much that is; `likeness`: the share of its characters that the query has anywhere. `place`: its place, negative, so
    that of equal ones the first is best.
    """

    is_enough: bool = False
    share: float = 0.0
    likeness: float = 0.0
    place: int = 0


def _match(asked: Question, entry: Entry, candidate: Candidate) -> Match | None:
    """Return how an entry matches; None when too little of the query, and no symptom or title, is there."""
    symptom, title = _best(asked, candidate.symptoms), _best(asked, candidate.titles)
    symptoms = asked.terms.intersection(chain.from_iterable(candidate.symptoms))
    titles = asked.terms.intersection(chain.from_iterable(candidate.titles)) - symptoms
    text = asked.terms.intersection(candidate.text) - symptoms - titles
    if asked.name == entry.name:
        field = Field.NAME
    elif symptom.is_enough or _is_covered(asked, symptoms):
        field = Field.SYMPTOM
    elif title.is_enough or _is_covered(asked, symptoms | titles):
        field = Field.TITLE
    elif _is_covered(asked, symptoms | titles | text):
        field = Field.TEXT
    else:
        return None
    factors = ((symptoms, 4 * (1 + symptom.share) + symptom.likeness), (titles, 2), (text, 1))
    score = sum(factor * asked.weights[term] for terms, factor in factors for term in terms)
    shown = entry.every_symptom[-symptom.place] if symptoms else ""
    return Match(entry, field, shown, round(score, 6))  # sums in another order differ in the last digits


def _is_covered(asked: Question, found: frozenset[str]) -> bool:
    return any(map(is_identifier, found)) or asked.coverage(found) >= _ENOUGH


def _best(asked: Question, texts: Iterable[Sequence[str]]) -> _Best:
    """Return the text that fits best, of those that have a term of the query; by its terms in their order."""
    found = _Best()
    for place, terms in enumerate(texts):
        if not asked.terms.isdisjoint(terms):
            share, is_enough = _fit(terms, asked.terms)
            is_near = is_enough and (not asked.windows or any(_fit(terms, each)[1] for each in asked.windows))
            own = characters(terms)
            is_near = is_near or _is_said(asked, terms, own)
            found = max(found, _Best(is_near, share, len(own & asked.characters) / len(own), -place))
    return found


def _is_said(asked: Question, terms: Sequence[str], own: frozenset[str]) -> bool:
    """Return whether one clause of the query says a Chinese text in other words: 系统特别慢 for 系统很慢."""
    return any(
        len(own & clause.characters) >= _ENOUGH_OF_CHARACTERS * len(own) and not clause.terms.isdisjoint(terms)
        for clause in asked.clauses
    )


def _fit(terms: Sequence[str], known: Container[str]) -> tuple[float, bool]:
    """Return the share of a symptom or title that known terms cover, and whether that is enough."""
    covered, weight = covered_weight(terms, known)
    share = covered / weight
    return share, share == 1.0 or (share >= _ENOUGH_OF_TEXT and covered >= _LEAST_WEIGHT)
