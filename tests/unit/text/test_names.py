"""Lists of names as text."""

from opspact.text.names import is_or_are, join_names, list_names


def test_a_few_of_many_names_are_shown() -> None:
    assert [join_names(list("abcdefg"[:count])) for count in range(6)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and d",
        "a, b, c and 2 more",
    ]
    assert (
        join_names([f"h{number}" for number in range(10_000)], "hosts", last="or") == "h0, h1, h2 or 9,997 more hosts"
    )


def test_a_list_says_how_many_more_there_are_than_it_names() -> None:
    assert [list_names(list("abcde")[:count], 3) for count in (0, 1, 4, 5)] == [
        "",
        "a",
        "a, b, c, d",
        "a, b, c and 2 more",
    ]
    assert list_names([f"h{number}" for number in range(10_000)], 1) == "h0 and 9,999 more"


def test_a_verb_goes_with_its_names() -> None:
    assert (is_or_are(["a"]), is_or_are(["a", "b"])) == ("is", "are")
