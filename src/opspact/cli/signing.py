"""What commands that sign have in common: the key, and the file in which an approval is sent to somebody else.

In: arguments, the text of an approval. Out: the file.
"""

from pathlib import Path
from typing import Annotated

import typer

from opspact.errors import Refused

SigningKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="The SSH key; default: the one of yours that is a signing key of the contract.",
    ),
]


def write_out(file: Path, text: str) -> None:
    """Given a file named with `--out` and a text, write it. Raise Refused when that cannot be done."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"cannot write {file}: {error.strerror}", hint="use another file with --out") from error
