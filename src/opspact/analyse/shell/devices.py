"""Words that may name a device: what is read from one may be gone for others, and some act as soon as they are opened.

Comes in: words, as programs get them or as a script has them. Goes out: whether a program may open a device by them.
"""

import re

_NAMED = re.compile(
    r"(?:^(?:-\w)?|[^\w.-])dev/+(?!null(?![\w./-])|shm/(?!(?s:.*)\.\.))"
    r"|(?:^(?:-\w)?|[^\w.-])proc/+(?:kmsg|.*/(?:fd|root|cwd)(?:/|$))"
    r"|trace_pipe"
)
_FOLDER = re.compile(r"(?:^|/)(?:dev|proc|\.\.)/*$")
_FIXED = re.compile(r"/(?!dev/|proc/)\w[\w.-]*/(?!.*\.\.(?:/|$))")
"""The beginning of a path that leads to no device, whatever is expanded in the rest of it."""
_CHANGED = re.compile(r"(?=/)(?!.*(?:^|/)\.\.?(?:/|$))/+(?!/)(?!(?:dev|proc)(?:/|$))[\w./-]*")
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_GLOB = re.compile(r"[*?\[{]")


def names_device(word: str) -> bool:
    """Whether a word names a device, or what is as one; in whatever folder it is understood."""
    return _NAMED.search(word) is not None


def value_names_device(value: str) -> bool:
    """Whether a value names a device, or a folder by which a path to which it is added may lead to one."""
    return names_device(value) or _FOLDER.search(value) is not None


def is_fixed_folder(word: str) -> bool:
    """Whether a word is the full path of a folder that is not one of devices."""
    return _CHANGED.fullmatch(word) is not None


def expands_to_device(written: str) -> bool:
    """Given a word as a script has it, return whether what a shell makes of it may name a device.

    One value alone is no such word: what it may be is judged where it is given.
    """
    unquoted = _QUOTED.sub("x", written)
    plain = written.replace('"', "").replace("'", "")
    values = plain.count("$")
    folder, slash, _ = unquoted.rpartition("/")
    is_open = "/" in plain if values == 1 else values > 1
    # a pattern in the last part of a relative path finds files of this folder only, and that is none of devices
    is_open = is_open or ("~" in unquoted) or ("{" in unquoted) or bool(slash and _GLOB.search(folder))
    if _GLOB.search(unquoted) and plain.startswith("/"):
        is_open = True
    return is_open and not _FIXED.match(plain)
