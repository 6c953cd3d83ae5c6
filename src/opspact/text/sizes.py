"""Sizes as text.

Comes in: bytes. Goes out: text.
"""


def format_bytes(size: float) -> str:
    """Given bytes, return them in powers of ten: `1.5 GB`."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":  # noqa: PLR2004 - the next unit
            return f"{size:.4g} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes everything")
