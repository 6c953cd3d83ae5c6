"""Why the words of the index are made by us: what SQLite's own tokenizers do with such text."""

import sqlite3

import pytest

from opspact.model.policies.runbook import Symptoms
from opspact.model.text import Text
from opspact.runbook.knowledge.entry import Entry, EntryKind
from opspact.runbook.knowledge.search import KnowledgeBase

TEXT = "数据库连接失败 db-1"


def found(tokenizer: str, query: str, condition: str = "text MATCH ?") -> bool:
    database = sqlite3.connect(":memory:")
    try:
        database.execute(f'CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = "{tokenizer}")')
        database.execute("INSERT INTO texts VALUES (?)", (TEXT,))
        return bool(database.execute(f"SELECT 1 FROM texts WHERE {condition}", (query,)).fetchall())
    finally:
        database.close()


def ours(query: str) -> bool:
    entry = Entry(EntryKind.RUNBOOK, "one", Text("", ""), Symptoms(zh=(TEXT,)), "", runbook="one")
    return bool(KnowledgeBase([entry]).search(query).matches)


def test_trigrams_find_no_word_of_two_characters() -> None:
    assert not found("trigram", '"数据"')
    assert found("trigram", '"数据库"')
    assert ours("数据")


@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 41, 2), reason="corrected in SQLite 3.41.2")
def test_like_on_a_table_of_trigrams_does_not_find_what_is_there() -> None:
    assert not found("trigram", "%数据%", "text LIKE ?")


def test_unicode61_takes_a_stretch_of_chinese_for_one_word() -> None:
    assert not found("unicode61", '"数据"')


def test_a_name_with_a_hyphen_is_an_error_without_quotes_and_two_words_with_them() -> None:
    with pytest.raises(sqlite3.OperationalError):
        found("unicode61", "db-1")
    assert found("unicode61", '"db 1"')
    assert ours("db-1")
    assert not ours("db-2")
