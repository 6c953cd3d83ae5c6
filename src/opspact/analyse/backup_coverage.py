"""What a backup holds: its folders, less what its patterns leave out.

Comes in: a backup, a path. Goes out: whether the path is in its copies; what is wrong with a pattern.

Patterns are read as borg reads them (`borg help patterns`; written without a style they are `fm:`). One that borg
refuses, or that could be searched for hours, leaves nothing out here.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache
from posixpath import normpath

from opspact.model.policies.backup import Backup
from opspact.text.regex import SlowExpression, refuse_slow

_STYLE = re.compile(r"([^\W_]{2}):(.*)", re.DOTALL)
_SHELL = re.compile(r"(?:\*\*/)+|\[!?+\]?+[^\]]*\]|.", re.DOTALL)
_SHELL_WORDS = {"*": "[^/]*", "?": "[^/]"}
_NEVER = "(?!)"
_STYLES = {"fm", "sh", "re", "pp", "pf"}
_WILD = re.compile(r"[*?\[]")
_PLACED = "zqx"
"""The made-up name of something placed in a folder: patterns for certain names do not meet it."""

Matching = Callable[[str], object]


def holds(backup: Backup, path: str) -> bool:
    """Given an absolute path on its hosts, return whether a backup copies it, and what is placed directly in it."""
    left_out = [_matching(pattern.strip()) for pattern in backup.exclude]
    return any(
        not any(matches(each) for each in _walked(folder, path) for matches in left_out)
        for folder in backup.paths
        if f"{path}/".startswith(f"{folder}/")
    )


def _walked(folder: str, path: str) -> Iterator[str]:
    """Yield what borg comes by from a folder down to what is placed in a path; it writes paths without the first /."""
    below = f"{path}/{_PLACED}/"
    yield from (below[1:end] for end in range(len(folder), len(below)) if below[end] == "/")


def exclude_pattern_of(backup: Backup, folder: str) -> str:
    """Given one of a backup's own folders, return the first pattern that leaves out all of it; empty: none does."""
    walked = list(_walked(folder, folder))
    return next((pattern for pattern in backup.exclude if any(map(_matching(pattern.strip()), walked))), "")


def refusal(pattern: str) -> str:
    """Given a pattern, return why borg refuses it, and with it every run; empty: it does not."""
    style, text = _parts(pattern.strip())
    if style not in {*_STYLES, "comment"}:
        return f"unknown style {style}:"
    try:
        _compiled(text if style == "re" else _expression(style, text))
    except SlowExpression:
        return ""
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a valid expression: {error}"
    return ""


def idle_reason(pattern: str, folders: tuple[str, ...]) -> str:
    """Given a pattern that borg accepts and a backup's folders, return why it leaves out nothing; empty: it may."""
    style, text = _parts(pattern.strip())
    if style == "comment":
        return "it is a comment"
    if style == "re":
        return "borg compares it with paths without the first /" if text.startswith("^/") else ""
    path = normpath(text).strip("/")
    if not path or any(_may_meet(style, path, folder[1:]) for folder in folders):
        return ""
    return "it begins outside of the paths" if text.startswith("/") else f"it means /{path}, not {path} in every folder"


def _may_meet(style: str, path: str, folder: str) -> bool:
    """Return whether a pattern may fit a folder of a backup, what it lies in, or what is in it; without the first /."""
    if style == "sh":
        return _may_meet_level_by_level(path, folder)
    begin = _WILD.split(path, maxsplit=1)[0] if style == "fm" else path
    begin = f"{path}/" if begin == path else begin
    return begin.startswith(f"{folder}/") or (style != "pf" and f"{folder}/".startswith(begin))


def _may_meet_level_by_level(path: str, folder: str) -> bool:
    """Return the same for a pattern whose wildcards stay on their level of folders, up to the first `**/`."""
    above = re.split(r"\*\*(?:/|$)", path, maxsplit=1)[0]
    levels = above.split("/")
    certain = levels if above == path else levels[:-1]
    return all(
        re.fullmatch("".join(map(_shell_word, _SHELL.findall(level))), name)
        for level, name in zip(certain, folder.split("/"), strict=False)
    )


def _parts(pattern: str) -> tuple[str, str]:
    """Given a pattern, return its style and its text."""
    if pattern.startswith("#"):
        return "comment", pattern  # in the list that borg is given
    written = _STYLE.fullmatch(pattern)
    style, text = written.groups() if written else ("fm", pattern)
    return style, text


def _compiled(expression: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `[[` makes Python think aloud about its future
        return re.compile(expression)


@lru_cache(maxsize=1024)
def _matching(pattern: str) -> Matching:
    """Given a pattern, return the check whether it fits a path, which has no / at either end."""
    style, text = _parts(pattern)
    try:
        if style == "re":
            refuse_slow(text)
            return _compiled(text).search
        match = _compiled(_expression(style, text)).match
    except (re.error, SlowExpression, OverflowError, RecursionError):
        return re.compile(_NEVER).match
    return lambda path: match(f"{path}/")


def _expression(style: str, text: str) -> str:
    """Return the regular expression that fits the beginning of each path that a pattern leaves out, with a / behind it.

    With a / at its end a pattern of two of the styles leaves out what is in a folder, and not the folder.
    """
    path, inside = f"{normpath(text).rstrip('/')}/".lstrip("/"), text.endswith("/")
    match style:
        case "fm":
            return translate(f"{path}{'*/' if inside else '*'}")
        case "sh":
            shell = "".join(map(_shell_word, _SHELL.findall(f"{path}{'*/' if inside else ''}")))
            refuse_slow(shell)
            return shell
        case "pp":
            return re.escape(path)
        case "pf":
            return rf"{re.escape(path)}\Z"
    return _NEVER


def _shell_word(word: str) -> str:
    """Given a piece of a pattern in which only ** goes beyond a /, return it as a regular expression."""
    if word.startswith("**"):
        return "(?:.*/)?"
    if len(word) == 1:
        return _SHELL_WORDS.get(word, re.escape(word))
    chosen = re.sub(r"^\^", r"\\^", word[1:-1].replace("\\", "\\\\"))
    return f"[{re.sub('^!', '^', chosen)}]"
