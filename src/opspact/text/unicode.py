"""Which characters cannot be seen, and so may not stand where a person must see what is meant.

Comes in: characters. Goes out: whether they are invisible, and text in which they can be seen.
"""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, formats (text direction), surrogates, line breaks


def is_invisible(letter: str) -> bool:
    """Given a character, return whether it is invisible; blanks, also the wide ones of Chinese, are not."""
    return unicodedata.category(letter) in _INVISIBLE or _is_no_character(letter)


def _is_no_character(letter: str) -> bool:
    """Whether Unicode says that this will never be a character; XML takes none of them."""
    return ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"  # noqa: PLR2004 - U+nFFFE and U+nFFFF


def first_invisible(text: str) -> str | None:
    """Given text, return its first invisible character, or None."""
    return None if text.isprintable() else next(filter(is_invisible, text), None)


def escaped(text: str) -> str:
    """Given text, return it with invisible characters as escapes."""
    if first_invisible(text) is None:
        return text
    return "".join(letter.encode("unicode_escape").decode() if is_invisible(letter) else letter for letter in text)


def covered(text: str) -> str:
    """Given text, return it with a sign in place of each invisible character, so that columns stay."""
    return "".join("�" if is_invisible(letter) else letter for letter in text)
