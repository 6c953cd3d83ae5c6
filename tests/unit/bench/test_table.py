import pytest
from benchkit.page import BEGIN, END, Measured, merged, written
from benchkit.scale import inventory
from benchkit.table import Figure, Row, figure, markdown


def test_a_figure_is_the_median_of_its_runs_scaled_to_all_hosts() -> None:
    assert Figure("stock", 30.0, 3, "measured on 4 hosts, × 6") == figure(
        "stock", [9.0, 4.0, 5.0], times=6, note="measured on 4 hosts, × 6"
    )


def test_a_contestant_without_a_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="pyinfra was not measured"):
        figure("pyinfra", [])


def test_the_ratio_says_how_many_times_faster_we_are() -> None:
    row = Row("verify", Figure("ours", 2.0), Figure("theirs", 40.0), 20)
    assert (row.ratio, row.is_reached) == (20.0, True)


def test_a_number_just_missed_is_not_rounded_up() -> None:
    row = Row("verify", Figure("ours", 2.0), Figure("theirs", 39.999), 20)
    assert not row.is_reached


def test_against_the_floor_the_ratio_says_how_many_times_slower_we_are() -> None:
    row = Row("verify", Figure("ours", 3.0), Figure("the floor", 2.0), 2, at_most=True)
    assert (row.ratio, row.is_reached) == (1.5, True)


def test_a_row_that_is_not_reached_stands_out_in_the_table() -> None:
    text = markdown([Row("apply", Figure("ours", 3.0, 3), Figure("pyinfra", 120.4, note="× 6"), 50)])
    assert text.splitlines()[-1] == "| apply | ours | 3.00 s (×3) | pyinfra (× 6) | 120 s | 40.13 | ≥ 50 | **no** |"


def test_the_page_keeps_what_people_wrote_around_the_markers() -> None:
    row = Row("apply", Figure("ours", 3.0), Figure("pyinfra", 1.0), 4)
    page = written(f"Before\n{BEGIN}\nold\n{END}\nafter\n", Measured([row], [1.0, 2.5], 3))
    assert page.startswith(f"Before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    assert "Targets not reached: apply: pyinfra (0.33, target ≥ 4)." in page


def test_parts_that_are_measured_by_themselves_replace_their_own_rows_alone_and_say_when() -> None:
    def measured(*rows: tuple[str, float]) -> Measured:
        of_works = [Row(work, Figure("ours", seconds), Figure("limit", 2), 1, at_most=True) for work, seconds in rows]
        return Measured(of_works, [0.5, 1.5], 3)

    whole = written(f"{BEGIN}\n{END}\n", measured(("apply", 3.0), ("verify", 1.0)))
    page = merged(whole, measured(("apply", 1.5), ("purge", 4.0)))
    assert whole.partition("| work")[0] == page.partition("| work")[0], "what is said of the whole run stays"
    works = [line.split(" | ")[:3] for line in page.splitlines() if line.startswith("| ")][1:]
    assert works == [["| apply", "ours", "1.50 s"], ["| purge", "ours", "4.00 s"], ["| verify", "ours", "1.00 s"]]
    assert "load 0.5 to 1.5: apply; purge.\n" in page
    assert "Targets not reached: purge: limit (2.00, target ≤ 1)." in page
    again = merged(page, measured(("purge", 1.0)))
    assert [line.partition(": ")[2] for line in again.splitlines() if line.startswith("- ")] == ["apply.", "purge."]
    assert "All targets are reached." in again
    assert written(again, measured(("apply", 3.0), ("verify", 1.0))) == whole


def test_a_page_without_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="markers"):
        written("no markers here", Measured([], [1.0], 1))


def test_ten_thousand_hosts_are_shared_out_as_promised_each_with_an_address_of_its_own() -> None:
    lines = inventory(10_000).splitlines()
    hosts = [line.split() for line in lines if "ansible_host" in line]
    counts = {kind: sum(words[0].startswith(kind) for words in hosts) for kind in ("app", "db", "backup")}
    assert counts == {"app": 9_900, "db": 90, "backup": 10}
    assert len({words[2] for words in hosts}) == 10_000
