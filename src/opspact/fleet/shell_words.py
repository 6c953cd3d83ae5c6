"""Texts and inputs as sh reads them.

Comes in: text, or a command's input. Goes out: a word of the shell, a command.
"""

import shlex


def word(text: str) -> str:
    """Given a text, return it as one word of the shell. Raise ValueError for a zero byte, which no command can hold."""
    if "\0" in text:
        raise ValueError("a command cannot hold a zero byte")
    return shlex.quote(text)


def stored_input(file: str, data: bytes) -> str:
    """Given a file as a word of the shell and a command's input, return the command that writes it there, or fails.

    What decodes the input stands before a pipe: that it failed shows in nothing but the number of bytes.
    """
    return f'cat >{file} && [ "$(wc -c <{file})" -eq {len(data)} ]'
