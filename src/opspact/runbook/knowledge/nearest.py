"""What is nearest to a query that nothing matches.

In: entries, the words of their index, a query. Out: names and symptoms.
"""

from collections.abc import Iterable, Iterator
from heapq import nlargest

from opspact.runbook.knowledge.entry import Entry
from opspact.runbook.knowledge.tokens import index_terms
from opspact.text.suggestions import nearest

_MOST_SYMPTOMS = 3
_MOST_WORDS = 4
"""Words of a query up to which each may be meant for a name."""

_LEAST_LIKENESS = 0.2
_LETTERS = 3


def nearest_texts(query: str, entries: Iterable[Entry], words: Iterable[str]) -> Iterator[str]:
    """Given a query that nothing matches, yield words of the index and symptoms that are nearest to it."""
    terms = [term for term in index_terms(query) if term.isascii()]
    if len(terms) <= _MOST_WORDS:
        known = list(words)
        yield from dict.fromkeys(word for term in terms if (word := nearest(term, known)))
    wanted = _fragments(query)
    symptoms = dict.fromkeys(symptom for entry in entries for symptom in entry.every_symptom)
    likeness = ((_likeness(wanted, _fragments(symptom)), symptom) for symptom in symptoms)
    for number, symptom in nlargest(_MOST_SYMPTOMS, likeness, key=lambda pair: pair[0]):
        if number >= _LEAST_LIKENESS:
            yield symptom


def _fragments(text: str) -> frozenset[str]:
    """Return what of a text is compared where no word is the same: single Chinese characters, three letters each."""
    return frozenset(
        piece
        for term in index_terms(text)
        for piece in ([term[at : at + _LETTERS] for at in range(len(term) - _LETTERS + 1)] if term.isascii() else term)
    )


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how many of their fragments they share: 0 to 1, the coefficient of Dice (1945)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
