"""The order of matches, and that no text at all is an error."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.model.policies.runbook import Symptoms
from opspact.model.text import Text
from opspact.runbook.knowledge.entry import Entry, EntryKind
from opspact.runbook.knowledge.search import Field, KnowledgeBase
from opspact.runbook.knowledge.tokens import index_terms


def entry(name: str, symptoms: Iterable[str] = (), *, title: str = "", text: str = "") -> Entry:
    return Entry(EntryKind.RUNBOOK, name, Text(title, title), Symptoms(en=tuple(symptoms)), text, runbook=name)


def names(base: KnowledgeBase, query: str) -> list[str]:
    return [match.entry.name for match in base.search(query).matches]


@pytest.mark.parametrize("words", ["消息队列堵塞", "queue stalled", "ORA-12541", "堵塞"])
def test_a_symptom_comes_before_a_title_and_that_before_a_body(words: str) -> None:
    base = KnowledgeBase(
        [
            entry("in-the-body", text=f"{words} " * 30),
            entry("in-the-title", title=words),
            entry("a-symptom", ["something else entirely", words]),
        ]
    )
    found = base.search(words).matches

    assert [(match.entry.name, match.field) for match in found] == [
        ("a-symptom", Field.SYMPTOM),
        ("in-the-title", Field.TITLE),
        ("in-the-body", Field.TEXT),
    ]
    assert [match.symptom for match in found] == [words, "", ""]


def test_a_symptom_is_not_lost_behind_a_hundred_bodies() -> None:
    bodies = [entry(f"body-{number}", text="the queue of mail has stalled, " * 9) for number in range(100)]
    base = KnowledgeBase([*bodies, entry("meant", ["stalled"], text="of no interest " * 99)])

    assert names(base, "the queue of mail has stalled")[0] == "meant"


def test_the_name_of_an_entry_comes_first() -> None:
    base = KnowledgeBase([entry("restart-the-queue"), entry("other", ["restart the queue"])])

    assert names(base, " Restart-the-queue\n") == ["restart-the-queue", "other"]


def test_the_symptom_that_is_nearest_to_the_query_is_shown() -> None:
    base = KnowledgeBase([entry("one", ["disk failure", "disk full", "full"])])

    assert base.search("the disk is full").matches[0].symptom == "disk full"


def test_of_equal_matches_the_one_that_succeeded_more_often_comes_first_then_the_name() -> None:
    base = KnowledgeBase([entry(name, ["queue stalled"]) for name in ("c", "a", "b", "d")])
    success = {"c": 0.5, "d": 1.0}

    found = base.search("queue stalled", share=lambda name: success.get(name, 0.0)).matches

    assert [match.entry.name for match in found] == ["d", "c", "a", "b"]


def test_one_host_is_not_another() -> None:
    base = KnowledgeBase([entry(f"case-{name}", text=f"on {name}") for name in ("db-1", "db-2", "db-10", "10.0.0.1")])

    assert names(base, "db-1") == ["case-db-1"]
    assert names(base, "db-2: down") == ["case-db-2"]
    assert names(base, "connect to 10.0.0.1:5432") == ["case-10.0.0.1"]
    assert names(base, "10.0.0.2") == []
    assert names(base, "db-3") == []


def test_one_error_code_is_not_another() -> None:
    base = KnowledgeBase([entry("listener", ["ORA-12541"]), entry("service", ["ORA-12514"])])

    assert names(base, "ORA-12541: TNS:no listener") == ["listener"]
    assert names(base, "ora-12514") == ["service"]
    assert names(base, "ORA-12154") == []


def test_a_group_of_hosts_is_found_by_their_common_name() -> None:
    assert names(KnowledgeBase([entry("case", text="on db-1")]), "db") == ["case"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("conection", "connection"),
        ("conenction", "connection"),
        ("replicaton", "replication"),
        ("dsik", "disk"),
    ],
)
def test_typos_are_corrected_and_reported(typed: str, meant: str) -> None:
    base = KnowledgeBase([entry("one", ["connection refused", "replication is behind", "disk full"])])
    found = base.search(typed)

    assert [match.entry.name for match in found.matches] == ["one"]
    assert found.corrections == {typed: meant}


@pytest.mark.parametrize("typed", ["cat", "conxyztion", "dbsk1", "replicate-7", "sort"])
def test_another_word_is_no_typo(typed: str) -> None:
    base = KnowledgeBase([entry("one", ["connection refused", "replication is behind", "car disk1 port"])])

    assert base.search(typed).matches == ()


@pytest.mark.parametrize("typed", ["数剧库损坏", "数据库损怀", "据数库损坏", "数据裤损坏"])
def test_one_wrong_chinese_character_of_several_is_tolerated(typed: str) -> None:
    base = KnowledgeBase(
        [Entry(EntryKind.RUNBOOK, "one", Text("恢复", "Restore"), Symptoms(zh=("数据库损坏",)), "", runbook="one")]
    )

    assert names(base, typed) == ["one"]


def test_one_symptom_in_a_long_text_is_enough() -> None:
    lines = "\n".join(f"12:00:{second:02} app[77]: request {second} answered in {second} ms" for second in range(60))
    base = KnowledgeBase([entry("meant", ["too many connections"]), entry("other", ["request refused"])])

    assert names(base, f"{lines}\nFATAL:  sorry, too many connections already\n{lines}") == ["meant"]


def test_words_that_stand_lines_apart_are_no_symptom() -> None:
    base = KnowledgeBase([entry("meant", ["internal server error"])])
    between = "".join(f"12:00:0{second} app[77]: request {second} was answered\n" for second in range(9))

    assert names(base, f"an error of the disk\n{between}internal note\n{between}the server is here") == []
    assert names(base, f"{between}500 internal\nserver error\n{between}") == ["meant"]  # broken by a terminal


def test_a_symptom_may_be_said_in_other_words() -> None:
    base = KnowledgeBase([entry("slow", ["系统很慢"]), entry("dead", ["无法开机"])])

    assert names(base, "用户反映今天早上开始OA系统特别慢，点开一个公文要一分多钟") == ["slow"]
    assert names(base, "用户反映今天早上开始OA系统特别快，反应慢") == []


HOSTILE = (
    *('"', '""', "'", "*", "a*", "NEAR", "NEAR(a b, 2)", "a AND", "OR", "NOT a", "symptoms : a", "{symptoms} : a"),
    *("-a", "^a", "a + b", "(", ")", "a\x00b", "\ud800", "\u202ea", "db-1", "a:b", "::", "1:2:3", "\x1b[31m", "%s"),
)


@pytest.mark.parametrize("query", HOSTILE)
def test_operators_of_fts_and_broken_text_are_no_error(query: str, reference: KnowledgeBase) -> None:
    reference.search(query)
    reference.search(f"disk {query} full {query}")


@given(st.text(max_size=400))
def test_no_text_is_an_error(query: str) -> None:
    BASE.search(query)


@given(st.lists(st.sampled_from(["disk", "full", "数据", "库", "db-1", "10.0.0.1", "i/o", "of", "的", '"', "(", "*"])))
def test_no_mixture_of_known_words_is_an_error(words: list[str]) -> None:
    BASE.search(" ".join(words))
    BASE.search("".join(words))


@given(st.text(min_size=1, max_size=40))
def test_an_entry_is_found_by_the_words_of_its_own_symptom(symptom: str) -> None:
    assert names(KnowledgeBase([entry("one", [symptom])]), symptom) == (["one"] if index_terms(symptom) else [])


def test_a_text_of_a_hundred_thousand_words_is_read_in_part_and_is_no_error() -> None:
    assert names(BASE, "disk full " + "word " * 100_000) == ["one"]
    assert names(BASE, "word " * 100_000 + "disk full") == ["one"]


BASE = KnowledgeBase([entry("one", ["disk full"], title="数据库 db-1", text="i/o at 10.0.0.1")])
