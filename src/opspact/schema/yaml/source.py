"""The text of one file, its lines, and problems about it.

Comes in: a path and bytes. Goes out: text fit for the YAML parser, and `errors.Problem` with the written line, secrets
masked.
"""

import codecs
import re
from functools import cached_property

from opspact.errors import Place, Problem
from opspact.schema.codes import Code
from opspact.schema.yaml import limits
from opspact.schema.yaml.nodes import Mark
from opspact.structs import Struct
from opspact.text.unicode import covered

_BREAK = re.compile(r"\r\n|\r|\n")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]",
)
_SECRET_VALUE = re.compile(
    r"(?i)((?:pass[_-]?(?:word|phrase|wd)|pwd|secret|token|credential)[a-z0-9_.-]*[\"']?\s*:\s+)(?![\"']?secret:)[^\s{\[].*",
)
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY")
_HIDDEN = "(hidden: may be a secret)"


class Source(Struct, dict=True):
    """One file's text, as written."""

    file: str
    text: str

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        return tuple(_without_private_keys(_BREAK.split(self.text)))

    def line(self, number: int) -> str:
        """Given a line number from 1, return the written line fit for showing, or nothing where there is none."""
        written = self.raw(number)
        cut = written[: limits.SOURCE_CHARACTERS]
        quote = _SECRET_VALUE.sub(rf"\1{_HIDDEN}", cut)
        if len(cut) < len(written) and not quote.endswith(_HIDDEN):
            quote += "…"
        return covered(quote.replace("\t", " "))

    def raw(self, number: int) -> str:
        """Given a line number from 1, return the line as written, not fit for showing; nothing where there is none."""
        return self._lines[number - 1] if 1 <= number <= len(self._lines) else ""

    def place(self, mark: Mark) -> Place:
        """Given a mark, return its place in this file."""
        return Place(self.file, mark.line, mark.column)

    def problem(self, code: Code, mark: Mark, message: str, *, hint: str = "") -> Problem:
        """Given a mark and what is wrong there, return the problem with the written line."""
        return Problem(code, self.place(mark), message, hint=hint, source=self.line(mark.line))

    def mark(self, index: int) -> Mark:
        """Given a character's index in the text, return its mark."""
        before = _BREAK.split(self.text[:index])
        return Mark(len(before), len(before[-1]) + 1)


def read_text(file: str, content: bytes) -> Source | Problem:
    """Given a file's bytes, return its text, or why it is unreadable: size, encoding, control characters."""
    if len(content) > limits.POLICY_FILE_BYTES:
        message = f"the file has {len(content):,} bytes; the limit for a policy file is {limits.POLICY_FILE_BYTES:,}"
        return Problem(Code.TOO_LARGE, Place(file), message, hint="split it; order and directories do not matter")
    body = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        readable = Source(file, body[: error.start].decode())
        mark = readable.mark(len(readable.text))
        message = f"invalid UTF-8: byte 0x{body[error.start]:02x}"
        return readable.problem(Code.NOT_UTF8, mark, message, hint="save the file as UTF-8")
    source = Source(file, text)
    found = _FORBIDDEN.search(text)
    if found is None:
        return source
    message = f"the invisible character U+{ord(found[0]):04X} is not allowed"
    hint = f'remove it, or write it as "\\u{ord(found[0]):04X}" if it is intended'
    return source.problem(Code.CONTROL_CHARACTER, source.mark(found.start()), message, hint=hint)


def _without_private_keys(lines: list[str]) -> list[str]:
    """Given lines, return them with the lines of private keys hidden: they must never be repeated anywhere."""
    quote = []
    inside = False
    for line in lines:
        inside = inside or _KEY_BEGIN.search(line) is not None
        quote.append(_HIDDEN if inside else line)
        inside = inside and _KEY_END.search(line) is None
    return quote
