"""The YAML parser's complaints in words that help.

Comes in: libyaml's context and problem, and the written line. Goes out: a message and a hint.
"""

QUOTE_VARIABLES = "put a value that contains {{ … }} in quotes"

_HINTS = (
    ("mapping values are not allowed", 'quote a text that contains ": ", or check the indentation'),
    ("cannot start any token", "quote a text that starts with % @ or `"),
    ("scanning an alias", "quote a text that starts with *"),
    ("scanning an anchor", "quote a text that starts with &"),
    ("parsing a tag", "quote a text that starts with !"),
    ("scanning a tag", "quote a text that starts with !"),
    ("unknown escape character", "in double quotes, a backslash starts an escape; use single quotes"),
    ("quoted scalar", "is the closing quote missing?"),
    ("expected ',' or ']'", "is the closing ] missing? quote a text that contains [ or {"),
    ("expected ',' or '}'", 'is the closing } missing? quote a text that contains ": ", [ or {'),
    ("could not find expected ':'", "is the colon after the key missing?"),
    ("did not find expected key", "is the indentation the same as on the lines around it?"),
    ("did not find expected '-' indicator", "is the indentation the same as on the lines around it?"),
    ("did not find expected <document start>", "separate documents with a line of ---"),
)


def explain(context: str | None, problem: str | None, line: str) -> tuple[str, str]:
    """Given libyaml's words and the written line, return a message and a hint (which may be empty)."""
    said = ", ".join(part for part in (context, problem) if part) or "cannot be parsed"
    if line[: len(line) - len(line.lstrip())].count("\t"):
        return f"invalid YAML: {said}", "indent with spaces, not tabs"
    hint = next((hint for words, hint in _HINTS if words in said), "")
    if "{{" in line and not line.lstrip().startswith("#"):
        hint = QUOTE_VARIABLES
    return f"invalid YAML: {said}", hint
