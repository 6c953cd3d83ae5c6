"""What is secret, masked in the words of programs and people before they are kept: on hosts, and in the ledger.

Comes in: the contract's patterns, text. Goes out: the text without what is secret. Part of every program with a spool;
the control machine imports it. Names, digests, paths and numbers stay: only the free text of results is masked.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

HIDDEN = "[redacted]"
CUT = " [shortened]"
LONGEST_LINE = 16384  # characters of a line; what lies behind is dropped, since nobody could search it in time
MOST_PASSES = 4  # what is masked may make another pattern match; then nothing changes any more
REDACTIONS = "/etc/opspact/redaction"  # a file for each policy of the kind
FREE_TEXTS = frozenset(
    ("message", "detail", "reason", "note", "notes", "why", "error", "damaged", "commands", "planted")
)
NOT_MASKED = frozenset(("carry", "step", "steps", "manifests", "arguments"))  # programs go on with these

NAMES = (
    "(?<!no)(?<!etc/)passw(?:or[dt]|d)|passphrase|passcode|pwd|kennwort|kennphrase|secret|geheimnis|token|credentials?"
    "|zugangsdaten|(?:api|access|private|auth)[_-]?key"
)
CHINESE = "密码|口令|密钥|令牌|私钥|密语"
HARMLESS = (
    r"(?!/(?:[\w.+-]+/|(?:root|srv|tmp|home|etc|var|opt|usr)\b)|(?:secret:)?(?:vault|env|file):[\w./-]"
    r"|(?:the|for|new|password|chauthtok|changed|required|expired|incorrect|wrong|missing|none|null|true|false|yes|no|authentication)"
    r"(?![\w-])"
    r"|[已未无错过])"
)
EQUALS = r"[=:\uff1a\uff1d]"
"""The wide signs of Chinese by their numbers: as characters, programs that edit texts make narrow ones of them."""
VALUE = rf"{HARMLESS}(?:\"[^\"\n]+\"|'[^'\n]+'|[^\s,\uff0c。;\uff1b、]+)"
SECRETS = (
    (
        ("-----begin",),
        r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)((?s:.+?)(?=-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z))",
    ),
    (
        ("pass", "pwd", "kennw", "secret", "token", "key"),
        rf"(?i)((?:^|[\s\"'])--?[\w-]{{0,40}}(?:{NAMES})[\w-]{{0,20}}(?:=|\\?\s{{1,4}}))((?!--)(?:{VALUE}))",
    ),
    (
        ("pass", "pwd", "kennw", "kennp", "secret", "geheim", "token", "credential", "zugangs", "key"),
        rf"(?i)((?:{NAMES})\w{{0,20}}(?<!_file)\\?[\"']?\s{{0,8}}(?:is|ist|lautet)?\s{{0,4}}{EQUALS}\s{{0,8}})({VALUE})",
    ),
    (("lautet",), rf"(?i)((?:passwort|kennwort)\s{{1,4}}lautet\s{{1,4}})({VALUE})"),
    (("密", "口令", "令牌", "私钥"), rf"((?:{CHINESE})\s{{0,4}}{EQUALS}\s{{0,4}})({VALUE})"),
    (("密", "口令", "令牌", "私钥"), rf"((?:{CHINESE})\s{{0,4}}(?:是|为|改为|设为)\s{{0,4}})([!-~]{{4,}})"),
    (("://",), r"(?i)(\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,80}:)([^\s/]{1,200})(?=@)"),
    (("mysql", "mariadb"), r"(\b(?i:mysql|mariadb)[\w-]{0,20}\\?\s(?:[^|;&\n]{0,300}?\s)?-p)([^\s-]\S*)"),
    (("sshpass",), r"(\bsshpass\\?\s(?:\S{1,40}\s){0,4}?-p\\?\s{0,4})(\S+)"),
    (("chpasswd",), r"(\b(?:echo|printf)\\?\s[^|\n]{0,200}?[\w.-]{1,32}:)([^\s|'\"]+)"),
    (("sudo",), r"(\b(?:echo|printf)\\?\s{1,4})([^\s|]+)(?=\\?\s{0,4}\|\\?\s{0,4}sudo\\?\s{1,4}-\w{0,8}S)"),
    (("identified",), rf"(?i)(\bidentified\\?\s{{1,4}}by\\?\s{{1,4}})({VALUE})"),
    (("password",), r"(?i)(\bpassword\\?\s{1,4})(\\?'[^'\n]+'|\\?\"[^\"\n]+\")"),
    (("curl",), r"(\bcurl\\?\s(?:[^|;&\n]{0,300}?\s)?(?:-u|--user)(?:=|\\?\s{1,4})?[\"']?[^\s:\"']{1,80}:)(\S+)"),
    (("authorization", "bearer"), r"(?i)(\bauthorization\s{0,4}[:=]\s{0,4}(?:bearer|basic|digest|token)?\s{0,4})(\S+)"),
    (("bearer",), r"(?i)(\bbearer\s{1,4})([\w.~+/=-]{16,})"),
    (("useradd", "usermod"), r"(\b(?:useradd|usermod)\\?\s(?:[^|;&\n]{0,200}?\s)?-p\\?\s{1,4})(\S+)"),
    (("htpasswd",), r"(\bhtpasswd\\?\s{1,4}-\w{0,5}b\w{0,5}\\?\s{1,4}\S{1,200}\s{1,4}\S{1,80}\s{1,4})(\S+)"),
    (("pass:",), r"(\bpass:)(?!\s)(\S+)"),
    (
        ("akia", "ghp_", "glpat-", "xox", "eyj"),
        r"(\b)(AKIA[0-9A-Z]{16}\b|(?:ghp_|glpat-|xox[abp]-)[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+)",
    ),
)
"""What every host knows the look of: words of which a text has one at least (in lower case); what stays, the secret."""

EVERY_WORD = tuple(dict.fromkeys(word for words, _ in SECRETS for word in words))
NOT_JOINABLE = re.compile(r"\\[AZB]|\(\?<?!(?:[^\w\[/-]|[^)]*[\\^.])")
"""What may match at a text's end, and not where another text follows: these patterns search each text by itself."""


@cache
def compiled(expression: str) -> re.Pattern[str]:
    """Return a pattern of SECRETS; most runs need none of them."""
    return re.compile(expression)


class Redactor:
    """Masks secrets: those that every host knows the look of, and what the contract's policies hide.

    `redactions`: `{"patterns": […], "instead": …}` of each policy. Raise ValueError for patterns that this Python does
    not understand. `withheld`: why no text may be kept, since nobody knows what is secret in it; empty: it may.
    """

    def __init__(self, redactions: Sequence[dict[str, Any]] = (), *, withheld: str = "") -> None:
        self.withheld = withheld
        try:
            self.patterns = [
                (re.compile(str(pattern)), str(each["instead"])) for each in redactions for pattern in each["patterns"]
            ]
        except (re.error, LookupError, TypeError) as error:
            raise ValueError(f"a pattern of a redaction policy is not understood by this Python: {error}") from error
        self._joined = [re.compile(pattern.pattern, pattern.flags | re.MULTILINE) for pattern, _ in self.patterns]
        self._is_joinable = not any(NOT_JOINABLE.search(pattern.pattern) for pattern, _ in self.patterns)
        spelled = json.dumps([(pattern.pattern, instead) for pattern, instead in self.patterns])
        self.digest = "" if withheld else hashlib.sha256(spelled.encode()).hexdigest()[:12]
        self.masked = lru_cache(maxsize=4096)(self._masked)

    def is_clean(self, texts: Sequence[str]) -> bool:
        """Whether there is nothing to mask in texts; False: perhaps there is. All are searched at once."""
        joined = "\n".join(texts)
        lower = joined.lower()
        return not (
            self.withheld
            or not self._is_joinable
            or len(joined) > LONGEST_LINE
            or any(word in lower for word in EVERY_WORD)
            or any(pattern.search(joined) for pattern in self._joined)
        )

    def _masked(self, text: str) -> str:
        """Return a text without what is secret in it."""
        if self.withheld:
            return f"{HIDDEN} {self.withheld}"
        for _ in range(MOST_PASSES):
            before, text = text, self._once_masked(text)
            if text == before:
                break
        return text

    def _once_masked(self, text: str) -> str:
        text = known_masked("\n".join(map(shortened_line, text.split("\n"))))
        return "\n".join(map(self._line, text.split("\n"))) if self.patterns else text

    def _line(self, text: str) -> str:
        for pattern, instead in self.patterns:
            text = pattern.sub(lambda _, word=instead: word, text)  # type: ignore[misc]
        return text

    def report(self, value: Any, name: str = "") -> Any:
        """Given JSON data, return it with all of its free text masked."""
        if isinstance(value, str):
            return self.masked(value) if name in FREE_TEXTS else value
        if isinstance(value, dict):
            kept = {key: name if name in FREE_TEXTS else key for key in value}
            return {key: each if key in NOT_MASKED else self.report(each, kept[key]) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.report(each, name) for each in value]
        return value


def known_masked(text: str) -> str:
    """Return a text without the secrets that every host knows the look of."""
    lower = text.lower()
    for words, expression in SECRETS:
        if any(word in lower for word in words):
            text = compiled(expression).sub(lambda found: f"{found[1]}{HIDDEN}", text)
    return text


def shortened_line(line: str) -> str:
    """Return a line, or as much of it as can be searched in time."""
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - len(CUT)]}{CUT}"


def redactor_of(configuration: dict[str, Any]) -> Redactor:
    """Given a program's settings, return what masks on this host; where nobody knows that, no text is kept."""
    folder = str(configuration.get("redactions", REDACTIONS))
    try:
        places = sorted(Path(folder).glob("*.json"))
        return Redactor([json.loads(place.read_text(encoding="utf-8")) for place in places])
    except (OSError, ValueError, TypeError) as error:
        return Redactor(withheld=f"The text is withheld: {folder} cannot be used: {error}.")
