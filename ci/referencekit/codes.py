"""The page of all codes, refused and reported, by family.

In: what `explain` knows. Out: Markdown.
"""

from collections.abc import Iterator

from opspact.report.explanation import Explained, every_code, explained
from referencekit.words import cell


def codes_page() -> str:
    """Return the page."""
    explanations = [found for found in map(explained, every_code()) if found is not None]
    return "\n".join(_lines(explanations)) + "\n"


def _lines(explanations: list[Explained]) -> Iterator[str]:
    yield "# Codes"
    yield ""
    yield "`opspact explain CODE` shows the same, with examples. A code never changes its meaning."
    yield ""
    yield "- *refused*: nothing is done until it is fixed (exit code 2)"
    yield "- *error*, *warning*: reported by `opspact check` (exit code 1), unless an `accepted` policy accepts it"
    yield "- *note*: for information (exit code 0)"
    for family in dict.fromkeys(each.family for each in explanations):
        yield ""
        yield f"## {family.capitalize()}"
        yield ""
        yield "| code | severity | meaning | why it matters | remedy |"
        yield "|---|---|---|---|---|"
        for each in explanations:
            if each.family == family:
                cells = (each.code, each.severity, each.title, each.why, each.remedy)
                yield f"| {' | '.join(map(cell, cells))} |"
