"""The bytes of an inventory file to text.

Comes in: bytes. Goes out: text, or a problem.
"""

from opspact.schema.codes import Code
from opspact.schema.inventory.problems import ProblemCollector

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes. 20,000 hosts with ten variables each take 10 MB."""

VAULT = b"$ANSIBLE_VAULT;"
WHOLE_FILE = (0, 0)
_WAY_IN = (
    "set ANSIBLE_VAULT_PASSWORD_FILE to use a file in group_vars or host_vars, or encrypt single values "
    "(`ansible-vault encrypt_string`); for secrets used in policies, use secrets.vault.yaml and secret:vault:NAME"
)


def decoded(content: bytes, collector: ProblemCollector, *, comments_may_be_anything: bool) -> str | None:
    """Given a file's bytes, return its text, or None after noting why there is none.

    In INI files, as in Ansible, lines that are comments may hold other bytes than UTF-8.
    """
    if len(content) > LARGEST_FILE:
        collector.add(Code.INVENTORY_FILE, WHOLE_FILE, f"larger than {LARGEST_FILE // 1024 // 1024} MiB")
        return None
    if content.startswith(VAULT):
        refuse_encrypted(collector, _WAY_IN)
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if comments_may_be_anything and (text := _without_comments(content)) is not None:
            return text
        before = content[: error.start]
        at = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        collector.add(Code.INVENTORY_FILE, at, "the file is not UTF-8", hint="save the file as UTF-8")
        return None


def _without_comments(content: bytes) -> str | None:
    """Return the text with empty lines for comments, or None when another line is not UTF-8."""
    lines = [b"" if line.startswith((b"#", b";")) else line for line in content.splitlines()]
    try:
        return b"\n".join(lines).decode()
    except UnicodeDecodeError:
        return None


def refuse_encrypted(collector: ProblemCollector, hint: str) -> None:
    """Note that a file cannot be read because all of it is encrypted, with the way out."""
    message = "the whole file is encrypted, so its variables cannot be read without a password"
    collector.add(Code.INVENTORY_FILE, (1, 1), message, hint=hint)
