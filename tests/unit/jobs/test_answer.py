"""What is taken of a host's answer: nothing that was not asked for, and everything that can be read."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.jobs.answer import Position, Progress, read_answer, request
from opspact.ledger.event import EMPTY, Entry, seal
from opspact.model.result import Collected

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SPOOL = "0123456789ab"
JOBS = {"inspection/daily": Position(SPOOL, 3)}


def line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def result(number: int, **changed: object) -> bytes:
    head = {"schema": "opspact/result", "version": 1, "spool": SPOOL, "job": "inspection/daily", "sequence": number}
    times = {"started": "2026-11-23T07:30:00Z", "ended": "2026-11-23T07:30:01Z"}
    data = json.dumps({**head, **times, "outcome": "done", "verdict": "ok", "message": "", "items": [], "lost": 0})
    about = {"job": "inspection/daily", "spool": SPOOL, "sequence": number, "bytes": len(data), **changed}
    return line(**about) + data.encode() + b"\n"


THROUGH = {"job": "inspection/daily", "spool": SPOOL, "after": 3, "through": 5, "running": None}
END = line(end=True, more=False)


def test_the_request_says_up_to_where_results_are_known() -> None:
    assert json.loads(request(JOBS, room=100)) == {
        "room": 100,
        "jobs": [{"job": "inspection/daily", "spool": SPOOL, "after": 3}],
    }


def test_a_job_that_draws_samples_is_given_the_head_of_the_ledger() -> None:
    entry = Entry(at=NOW, actor="test", kind="test.done", contract="office")
    event = seal(entry, after=EMPTY)
    (job,) = json.loads(request(JOBS, room=100, heads={"inspection/daily": event}))["jobs"]
    assert job["head"] == {"head": f"1:{event.hash}", "at": "2026-11-23T08:00:00Z"}


def test_a_whole_answer_is_read() -> None:
    answer = read_answer(result(4) + result(5) + line(**THROUGH) + END, "app1", jobs=JOBS, collected=Collected(NOW))
    assert [(one.host, one.sequence, one.damaged) for one in answer.results] == [("app1", 4, ""), ("app1", 5, "")]
    assert answer.progress == [Progress("inspection/daily", SPOOL, 3, 5)]
    assert (answer.is_complete, answer.more, answer.problems, list(answer.gaps())) == (True, False, [], [])


@pytest.mark.parametrize("length", range(0, len(result(4)) + len(result(5)) + 10, 7))
def test_an_answer_that_is_cut_gives_what_came_whole(length: int) -> None:
    whole = result(4) + result(5) + line(**THROUGH) + END
    answer = read_answer(whole[:length], "app1", jobs=JOBS, collected=Collected(NOW))
    came = [number for number, end in ((4, len(result(4))), (5, len(result(4) + result(5)))) if length >= end]
    assert [one.sequence for one in answer.results] == came
    assert (answer.is_complete, answer.progress, {one.damaged for one in answer.results} <= {""}) == (False, [], True)


@pytest.mark.parametrize(
    "data",
    [
        b"welcome\n",
        b"[]\n",
        result(4, job="backup/other"),
        result(4, spool="../../etc"),
        result(4, sequence=-1),
        result(4, sequence=True),
        result(4, bytes=10**9),
        result(4, bytes="12"),
        line(**{**THROUGH, "job": "backup/other"}),
        line(**{**THROUGH, "through": 10**12}),
        line(**{**THROUGH, "after": None}),
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_was_not_asked_for_or_cannot_be_read_is_a_problem_and_nothing_else(data: bytes) -> None:
    answer = read_answer(data + END, "app1", jobs=JOBS, collected=Collected(NOW))
    assert (answer.results, answer.progress, answer.is_complete, len(answer.problems)) == ([], [], False, 1)


def test_a_result_that_cannot_be_read_there_is_damaged_and_the_next_one_is_read() -> None:
    data = line(job="inspection/daily", spool=SPOOL, sequence=4, bytes=0, error="Input/output error") + result(5) + END
    answer = read_answer(data, "app1", jobs=JOBS, collected=Collected(NOW))
    assert [(one.sequence, one.damaged != "") for one in answer.results] == [(4, True), (5, False)]
    assert "Input/output error" in answer.results[0].damaged


def test_a_result_under_the_number_of_another_is_damaged() -> None:
    moved = result(4).replace(b'"sequence": 4, "bytes"', b'"sequence": 5, "bytes"')
    (one,) = read_answer(moved + END, "app1", jobs=JOBS, collected=Collected(NOW)).results
    assert (one.sequence, one.damaged != "") == (5, True)


@given(st.binary(max_size=200))
def test_no_answer_raises(data: bytes) -> None:
    read_answer(data, "app1", jobs=JOBS, collected=Collected(NOW))


@given(st.integers(0, 600), st.binary(min_size=1, max_size=4))
def test_no_answer_with_some_bytes_replaced_raises_or_gives_what_was_not_asked_for(at: int, put: bytes) -> None:
    whole = result(4) + result(5) + line(**THROUGH) + END
    answer = read_answer(whole[:at] + put + whole[at + len(put) :], "app1", jobs=JOBS, collected=Collected(NOW))
    assert {one.job for one in answer.results} | {one.job for one in answer.progress} <= {"inspection/daily"}
