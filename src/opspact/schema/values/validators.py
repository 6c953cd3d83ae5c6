"""Forms of written text: what a name, a path, a command, a host pattern looks like. Plain functions.

Comes in: text. Goes out: the same text, or WrongValueError with the way out.
"""

import ipaddress
import posixpath
import re
import warnings
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.text.unicode import first_invisible

_LONGEST_PATH = 4095
_LONGEST_PART = 255
_TEMPLATE = re.compile(r"\{[{%#]")
_COMMAND = re.compile(r"/[A-Za-z0-9_@%+./:=,-]+(?: +[A-Za-z0-9_@%+./:=,-]+)*")
_UNIT_TYPES = "service|socket|timer|path|target|mount|automount|slice|swap|device"
_UNIT = re.compile(rf"[A-Za-z0-9:_.\\@-]{{1,240}}\.(?:{_UNIT_TYPES})")
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LINKS: Mapping[str, str] = {
    **{f"/{name}": f"/usr/{name}" for name in ("bin", "lib", "lib64", "sbin")},
    "/var/lock": "/run/lock",
    "/var/run": "/run",
}
_SUDO_GROUPS = frozenset({"sudo", "wheel", "admin", "root"})


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """Given a regular expression and its words, return the check that text is of that form as a whole."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise InvalidValueError(Code.BAD_FORM, f"expected {what}, got {quote(text)}")
        return text

    return check


def is_template(text: str) -> bool:
    """Given text, return whether it holds variables, or anything else that Jinja takes for more than text."""
    return _TEMPLATE.search(text) is not None


def or_template(check: Callable[[str], str]) -> Callable[[str], str]:
    """Given a check, return it for a field that may hold variables: a template is checked once it is rendered."""

    def check_text(text: str) -> str:
        return one_line(text) if is_template(text) else check(text)

    return check_text


def one_line(text: str) -> str:
    """Given text, return it. Raise WrongValueError when it is empty or has line breaks or control characters."""
    if not text.strip():
        raise InvalidValueError(Code.BAD_FORM, "expected text, got only whitespace")
    _refuse_controls(text, "the text")
    return text


def absolute_path(text: str) -> str:
    """Given a path on a host, return it. Raise WrongValueError unless it is absolute and in its shortest form."""
    if not text.startswith("/"):
        raise _bad(f"expected an absolute path, got {quote(text)}", hint="start with /")
    _check_path(text)
    if posixpath.normpath(text) != text:
        raise _bad(
            f"the path {quote(text)} is not normalised",
            hint=f"write {posixpath.normpath('/' + text.strip('/'))}",
        )
    return text


def file_path(text: str) -> str:
    """Given a path of something on a host that is not the root, return it. Raise WrongValueError as `absolute_path`."""
    if absolute_path(text) == "/":
        raise _bad("the root directory cannot be managed")
    if "$" in text:
        raise _bad(f"the path {quote(text)} contains a $, which Ansible expands as an environment variable")
    return text


def managed_path(text: str) -> str:
    """Given a path of something that opspact manages on hosts, return it: each thing has one path there.

    Raise WrongValueError as `file_path`, and for a path through a link that every Debian has.
    """
    for link, target in _LINKS.items():
        if file_path(text).startswith(f"{link}/"):
            real = target + text.removeprefix(link)
            raise _bad(f"{link} is a symbolic link to {target} on every host", hint=f"write {real}")
    return text


def contract_file(text: str) -> str:
    """Given the path of a file of the contract, return it. Raise WrongValueError unless it lies under `files/`."""
    _check_path(text)
    if not text.startswith("files/") or posixpath.normpath(text) != text:
        name = posixpath.basename(text)
        raise _bad(f"expected a path below files/ in the contract, got {quote(text)}", hint=f"write files/{name}")
    return text


def file_content(text: str) -> str:
    """Given the content of a text file, return it. Raise WrongValueError for what a text file never holds."""
    found = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    if found is not None:
        raise _bad(
            f"the content contains the character U+{ord(found[0]):04X}",
            hint="put the file below files/ and use source",
        )
    return text


def octal_mode(text: str) -> str:
    """Given 3 or 4 octal digits, return 4. Raise WrongValueError otherwise."""
    if not re.fullmatch(r"[0-7]{3,4}", text):
        raise _bad(
            f"expected a file mode, three or four octal digits in quotes, got {quote(text)}", hint='for example "0644"'
        )
    return text.rjust(4, "0")


def unit_name(text: str) -> str:
    """Given the name of a systemd unit, return it. Raise WrongValueError unless it has a unit's type at its end."""
    if _UNIT.fullmatch(text):
        return text
    hint = f'did you mean "{text}.service"?' if _UNIT.fullmatch(text + ".service") and "." not in text else ""
    raise _bad(f"expected a systemd unit, got {quote(text)}", hint=hint)


def command_line(text: str) -> str:
    """Given a command allowed through sudo, or ALL, return it.

    Raise WrongValueError when it is not absolute, or holds what sudoers reads as more than itself.
    """
    if text == "ALL":
        return text
    program = text.split(" ", 1)[0]
    if not program.startswith("/"):
        hint = "use ALL" if text.upper() == "ALL" else "for example /usr/bin/systemctl restart nginx, or ALL"
        raise _bad(f"expected an absolute path to a program, got {quote(text)}", hint=hint)
    found = re.search(r"[*?\[\]!\\^\"'#$&;|<>`(){}~\n]", text)
    if found is not None:
        raise _bad(
            f"the character {found[0]!r} makes sudo allow more than this command", hint="write each command out in full"
        )
    if not _COMMAND.fullmatch(text):
        raise _bad(f"expected a command with plain arguments, got {quote(text)}")
    if (separator := re.search("[,:=]", program)) is not None:  # compile escapes these in arguments alone
        raise _bad(
            f"the character {separator[0]!r} makes sudo allow more than this command",
            hint="list each command as its own item",
        )
    if program.endswith("/"):
        raise _bad(f"expected a program, got {quote(program)}", hint="a directory would allow every program in it")
    if posixpath.normpath(program) != program:
        raise _bad(f"the path {quote(program)} is not normalised", hint="write the full path")
    return text


def login_group(text: str) -> str:
    """Given a group for accounts, return it. Raise WrongValueError for the groups that mean everything."""
    if text in _SUDO_GROUPS:
        raise _bad(
            f"members of the group {quote(text)} may do everything", hint="to grant full root access, use sudo: [ALL]"
        )
    return account_name(text)


account_name = matching(
    r"[a-z_][a-z0-9_-]{0,31}", "an account or group name (lowercase letters, digits, - and _, 32 at most)"
)

package_name = matching(r"[a-z0-9][a-z0-9+.-]{1,127}", "a Debian package name")


def host_pattern(text: str) -> str:
    """Given an Ansible host pattern, return it. Raise WrongValueError when no reading of it makes sense."""
    one_line(text)
    for term in split_pattern(text):
        bare = term.strip().removeprefix("!").removeprefix("&")
        if not bare:
            raise _pattern(f"the host pattern {quote(text)} has an empty part")
        if bare.startswith("~"):
            _check_regex(bare[1:])
        elif bare.count("[") != bare.count("]") or re.search(r"\s", bare):
            raise _pattern(f"invalid host pattern {quote(text)}", hint="for example web, db:&site_a:!staging")
    return text


def split_pattern(text: str) -> list[str]:
    """Given a host pattern, return its terms, split as Ansible does: by commas, or else by colons outside brackets."""
    if "," in text:
        return text.split(",")
    if text.startswith("~"):
        return [text]
    return re.split(r":(?![^\[]*\])", text)


def http_url(text: str) -> str:
    """Given a URL, return it. Raise WrongValueError unless it is http(s) with a host, and without a password."""
    if first_invisible(text) is not None or re.search(r"\s", text):
        raise _bad(f"expected a URL, got {quote(text)}")
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise _bad(f"expected a URL, got {quote(text)}") from None
    if parts.password is not None or parts.username is not None:
        message = "a URL cannot contain a user or password"
        raise InvalidValueError(Code.BAD_SECRET, message, secret=True)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        raise _bad(f"expected a URL, got {quote(text)}", hint="for example http://localhost/")
    return text


def regular_expression(text: str) -> str:
    """Given a regular expression, return it. Raise WrongValueError when it cannot be read."""
    one_line(text)
    _check_regex(text)
    return text


def host_address(text: str) -> str:
    """Given a host name or an IP address, return it. Raise WrongValueError when it is neither."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not all(_HOST_LABEL.fullmatch(label) for label in text.removesuffix(".").split(".")):
            raise _bad(f"expected a host name or an address, got {quote(text)}") from None
    return text


def _check_path(text: str) -> None:
    _refuse_controls(text, "the path")
    if is_template(text):
        raise _bad(f"this path cannot contain variables, got {quote(text)}", hint="write the full path")
    if len(text.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_PART for part in text.split("/")):
        raise _bad("the path is too long")
    if ".." in text.split("/"):
        raise _bad(f"the path {quote(text)} contains ..", hint="write the full path")


def _refuse_controls(text: str, what: str) -> None:
    found = first_invisible(text)
    if found is not None:
        raise _bad(f"{what} contains the invisible character U+{ord(found):04X}")


def _check_regex(text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `[a&&b]` makes Python think aloud about its future
            re.compile(text)
    except re.error as error:
        raise _pattern(f"invalid regular expression {quote(text)}: {error}") from None
    except (RecursionError, OverflowError):
        raise _pattern(f"the regular expression {quote(text)} is too large") from None


def _bad(message: str, *, hint: str = "") -> InvalidValueError:
    return InvalidValueError(Code.BAD_FORM, message, hint=hint)


def _pattern(message: str, *, hint: str = "") -> InvalidValueError:
    return InvalidValueError(Code.BAD_PATTERN, message, hint=hint)
