"""The index of entries: a table of SQLite's FTS5 in memory, whose words are made by `tokens` and not by SQLite.

In: entries, terms. Out: candidates, how many entries have a term, the words of the index.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from weakref import finalize

from opspact.runbook.knowledge.entry import Entry
from opspact.runbook.knowledge.tokens import index_terms
from opspact.structs import Struct

# The tokenizer `ascii` takes every character beyond ASCII as part of a word, whatever Unicode SQLite was built with; it
# gets words with blanks between them. `trigram` would find no word of two characters (docs/decisions/0060).
_TABLES = """
CREATE VIRTUAL TABLE entries USING fts5(symptoms, title, text, tokenize = "ascii tokenchars '-._:/'");
CREATE TABLE terms(term TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO entries(rowid, symptoms, title, text) VALUES (?, ?, ?, ?)"
_MATCH = "SELECT rowid AS place FROM entries WHERE entries MATCH ? ORDER BY bm25(entries, 12, 4, 1) LIMIT ?"
# The texts are read afterwards: SQLite would sort all rows together with them.
_TEXTS = "SELECT rowid, symptoms, title, text FROM entries WHERE rowid IN (SELECT value FROM json_each(?))"
_KNOWN = "SELECT term, documents FROM terms WHERE term IN (SELECT value FROM json_each(?))"
_BEGUN = "SELECT term FROM terms WHERE term >= ? AND term < ? ORDER BY documents DESC, term LIMIT ?"
_LAST = "\U0010ffff"


class Candidate(Struct):
    """An entry, by its place, that may be meant, and its terms by field, in their order: each symptom, each title."""

    place: int
    symptoms: tuple[tuple[str, ...], ...]
    titles: tuple[tuple[str, ...], ...]
    text: tuple[str, ...]


class Index:
    """The index of some entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Build it: about a third of a millisecond for each entry."""
        self._database = sqlite3.connect(":memory:")
        finalize(self, self._database.close)
        self._database.executescript(_TABLES)
        documents: Counter[str] = Counter()
        self._database.executemany(_INSERT, self._rows(entries, documents))
        self._database.executemany("INSERT INTO terms VALUES (?, ?)", sorted(documents.items()))
        self._database.commit()

    @staticmethod
    def _rows(entries: Iterable[Entry], documents: Counter[str]) -> Iterator[tuple[int, str, str, str]]:
        for place, entry in enumerate(entries):
            symptoms = [index_terms(text) for text in entry.every_symptom]
            titles = [index_terms(text) for text in titles_of(entry)]
            text = index_terms(entry.text)
            documents.update({term for terms in (*symptoms, *titles, text) for term in terms})
            yield place, _joined(symptoms), _joined(titles), " ".join(text)

    def documents(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Given terms, return in how many entries each is; those in none are left out."""
        return dict(self._database.execute(_KNOWN, (json.dumps(list(terms)),)))

    def terms_with_prefix(self, prefix: str, most: int) -> tuple[str, ...]:
        """Given how terms begin, return those, the frequent ones first."""
        return tuple(term for (term,) in self._database.execute(_BEGUN, (prefix, prefix + _LAST, most)))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The terms that are words of Latin letters, or have such in them, in their order."""
        found = self._database.execute("SELECT term FROM terms WHERE term BETWEEN '0' AND '{' ORDER BY term")
        return tuple(term for (term,) in found if term.isascii())

    @cached_property
    def words_by_length(self) -> Mapping[int, tuple[str, ...]]:
        """The terms that are words of Latin letters alone, by their length."""
        found: dict[int, list[str]] = {}
        for word in filter(str.isalpha, self.words):
            found.setdefault(len(word), []).append(word)
        return {length: tuple(words) for length, words in found.items()}

    def candidates(self, terms: Iterable[str], most: int) -> Iterator[Candidate]:
        """Given terms, yield entries that have any of them: as many as `most` by symptoms, and so many by all fields.

        By all fields alone, many entries that have all of the terms somewhere would hide one with a symptom.
        """
        anywhere = expression(terms)
        places = {*self.places(f"{{symptoms}} : ({anywhere})", most), *self.places(anywhere, most)}
        for place, symptoms, titles, text in self._database.execute(_TEXTS, (json.dumps(list(places)),)):
            yield Candidate(place, _separate(symptoms), _separate(titles), tuple(text.split(" ")))

    def places(self, matched: str, most: int) -> list[int]:
        """Given an expression of FTS5, return the places of the entries that it matches, the best by SQLite's bm25."""
        return [place for (place,) in self._database.execute(_MATCH, (matched, most))]


def titles_of(entry: Entry) -> tuple[str, ...]:
    """Given an entry, return its name and titles."""
    return entry.name, entry.title.zh, entry.title.en


def expression(terms: Iterable[str]) -> str:
    """Given terms, return FTS5's expression for any of them. In quotes nothing is an operator; no term has a quote."""
    return " OR ".join(f'"{term}"' for term in terms)


def _joined(lists: Iterable[list[str]]) -> str:
    return "\n".join(map(" ".join, lists))


def _separate(terms: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.split(" ")) for one in terms.split("\n"))
