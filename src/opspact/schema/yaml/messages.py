"""The YAML parser's complaints in words that help.

Comes in: libyaml's context and problem, and the written line. Goes out: a message and a hint.
"""

_HINTS = (
    ("mapping values are not allowed", 'a text that holds ": " must be in quotes; or the line is indented too far'),
    ("cannot start any token", "a text that begins with one of % @ ` must be in quotes"),
    ("scanning an alias", "a text that begins with * must be in quotes"),
    ("scanning an anchor", "a text that begins with & must be in quotes"),
    ("parsing a tag", "a text that begins with ! must be in quotes"),
    ("scanning a tag", "a text that begins with ! must be in quotes"),
    ("unknown escape character", "inside double quotes a backslash begins an escape; use single quotes"),
    ("quoted scalar", "is the closing quote there?"),
    ("expected ',' or ']'", "is the closing ] there?"),
    ("expected ',' or '}'", 'is the closing } there? a text that holds ": " must be in quotes'),
    ("could not find expected ':'", "is the colon after the key there?"),
    ("did not find expected key", "is the line indented like its neighbours?"),
    ("did not find expected '-' indicator", "is the line indented like its neighbours?"),
    ("did not find expected <document start>", "documents are separated by a line with ---"),
)


def explain(context: str | None, problem: str | None, line: str) -> tuple[str, str]:
    """Given libyaml's words and the written line, return a message and a hint (which may be empty)."""
    said = ", ".join(part for part in (context, problem) if part) or "it cannot be parsed"
    if line[: len(line) - len(line.lstrip())].count("\t"):
        return f"not YAML: {said}", "indent with spaces, never with tabs"
    hint = next((hint for words, hint in _HINTS if words in said), "")
    return f"not YAML: {said}", hint
