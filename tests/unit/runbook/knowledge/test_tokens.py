"""Texts as terms: what is one word, what is two, what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.runbook.knowledge.tokens import covered_weight, index_terms, query_parts, stem


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("数据库", ["数据", "据库", "库"]),
        ("慢", ["慢"]),
        ("磁盘满了怎么办", ["磁盘", "盘满", "满"]),
        ("重启 nginx 服务", ["重启", "启", "nginx", "服务", "务"]),
        ("db-1", ["db-1", "db"]),
        ("10.0.0.1:5432", ["10.0.0.1", "5432"]),
        ("root@db-1:/srv/data", ["root", "db-1", "db", "srv", "data"]),
        ("[2001:DB8::1]:80", ["2001:db8::1"]),
        ("at 03:15:11", []),
        ("nginx.service", ["nginx.service", "nginx", "servic"]),
        ("ORA-12541: TNS", ["ora-12541", "ora", "12541", "tns"]),
        ("I/O error on a B/S system", ["i/o", "error", "b/s", "system"]),
        ("ｎｇｉｎｘ　１００", ["nginx", "100"]),
        ("\x1b[1;31mfailed\x1b[0m", ["fail"]),
        ("the cause of it", ["caus"]),
        ("...-_-...", []),
    ],
)
def test_a_text_has_these_terms(text: str, terms: list[str]) -> None:
    assert index_terms(text) == terms


@pytest.mark.parametrize(
    "words",
    [
        "refuse refuses refused refusing",
        "crash crashes crashed crashing",
        "stop stops stopped stopping",
        "query queries",
        "process processes",
        "fail fails failed failing",
        "disk disks",
        "close closes closed",
    ],
)
def test_the_forms_of_a_word_are_one(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize("word", ["need", "bus", "address", "access", "king"])
def test_what_is_no_ending_stays(word: str) -> None:
    assert stem(word) == word


@given(st.text())
def test_terms_are_words_that_sqlite_takes_as_they_are(text: str) -> None:
    """It gets them with blanks between them, in quotes; its tokenizer divides nothing and changes no character."""
    for term in index_terms(text):
        assert term
        assert not set(term) & set(" \n\t\"'*()\x00")
        assert all(letter.isalnum() or letter in "-._:/" for letter in term if letter.isascii())
        assert not any("A" <= letter <= "Z" for letter in term)


@given(st.text(alphabet="数据库连接失败 db-1.:/ab12"))
def test_a_text_is_covered_by_its_own_terms(text: str) -> None:
    terms = index_terms(text)
    covered, weight = covered_weight(terms, set(terms))

    assert covered == weight


def test_a_pair_covers_both_of_its_characters() -> None:
    assert covered_weight(index_terms("无法启动"), {"启动"}) == (2, 4)
    assert covered_weight(index_terms("无法启动 nginx"), {"法启", "nginx"}) == (4, 6)


def test_where_and_when_of_a_query_may_be_missing() -> None:
    optional = [part.terms for part in query_parts("10.0.0.1 2026-11-30 web1[4242]: failed") if part.is_optional]

    assert optional == [("10.0.0.1",), ("2026-11-30",), ("web1",), ("4242",)]
