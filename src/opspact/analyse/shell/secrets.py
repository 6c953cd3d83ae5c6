"""Finding secrets in text by their forms: keys and tokens like nothing else, and passwords beside their name.

Comes in: bytes of any file. Goes out: where something lies that looks like a secret, and what; never the secret itself.
The forms are those that the issuers document; randomness as such is not judged: public keys and digests look random
too.
"""

import re
from collections.abc import Iterator

_FORMS = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{60}",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a Slack token": r"\bxox[abeprs]-[A-Za-z0-9-]{10}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "an Alibaba Cloud access key": r"\bLTAI[0-9A-Za-z]{12,26}\b",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20}",
    "a signed token (JWT)": r"\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,}",
    "a DingTalk robot URL": r"\boapi\.dingtalk\.com/robot/send\?access_token=[0-9a-f]{16}",
    "a Feishu robot URL": r"\bopen\.feishu\.cn/open-apis/bot/v2/hook/[0-9a-f-]{16}",
    "a WeCom robot URL": r"\bqyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{16}",
    "a password hash": r"\$(?:1|5|6|y|2[aby]|argon2id)\$[A-Za-z0-9./=,$+]{20}",
}
_KNOWN = re.compile("|".join(f"(?P<form{index}>{form})" for index, form in enumerate(_FORMS.values())))
_NAMES = tuple(_FORMS)
_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{1,80}:(?P<value>[^\s/@'\"]{1,80})@")
_IS = r"[\"']?[ \t]{0,8}(?:=>|[:=])[ \t]{0,8}"
_VALUE = r"\"[^\"\n]{1,200}|'[^'\n]{1,200}|[^\s,;{}\[\]]{1,200}"
_BESIDE_NAME = re.compile(
    r"(?i)(?<![a-z0-9])(?:[a-z0-9]{1,30}[_-]){0,3}(?-i:[A-Za-z0-9]{1,30}(?=[A-Z]))?"
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key)"
    rf"{_IS}(?P<value>{_VALUE})"
    rf"|(?<![a-z0-9])(?:[a-z0-9]{{1,30}}[_-]){{1,3}}pass{_IS}(?P<pass>{_VALUE})"
    rf"|(?<![a-z0-9])[a-zäöüß]{{0,30}}-?(?:passwort|kennwort){_IS}(?P<german>{_VALUE})"
    r"|(?:密码|密碼|口令|密钥|令牌)[ \t]{0,8}[:\uff1a=][ \t]{0,8}(?P<chinese>[!-~]{4,200})"
    r"|(?:密码|密碼|口令|密钥|令牌)(?:设|改|换|设置|修改|重置|更新|统一|就|仍|都){0,3}[为是成作]了?"
    r"[ \t]{0,8}[:\uff1a]?[ \t]{0,8}[\"'“「]?(?P<stated>[!-~]{4,200})"
)
_NAMED = (
    r"(?:[a-zäöüß]{0,30}-?(?:password|passphrase|passcode|passwort|kennwort)"
    r"|pw|api[ -]key|access[ -]key|secret|token|geheimnis|schlüssel)"
)
_CREDENTIALS = r"(?:credentials?|zugangsdaten|anmeldedaten|账号)"
_USERS = rf"(?:log[ -]?in|log[ -]?on|sign[ -]?in|用户名|{_CREDENTIALS})"
_USER_IS = r"(?:[ \t](?:are|is|was|were|with|as|lauten|lautet|sind|ist|mit|als)(?=[ \t:])|[为是])?"
_OF = r"(?:[ \t]\([^)\n]{1,30}\)|[ \t](?:of|for|von|für|des|der)(?:[ \t][\w.-]{1,30}){1,3}?)?"
_STATES = r"(?:is|was|ist|war|lautet|to|=|(?:wurde|wird)[ \t]auf):?"
_QUOTE = r"[\"'“„‘`「【(\uff08]?"
_IN_SENTENCE = re.compile(
    rf"(?i)(?<![a-z0-9_]){_NAMED}(?:{_OF}(?:[ \t]?[:–—-][ \t]|[ \t]{_STATES}[ \t])|[ \t]){_QUOTE}"
    r"(?P<said>[!-~]{6,200})"
    rf"|(?<![a-z0-9_]){_CREDENTIALS}{_USER_IS}[ \t]?[:\uff1a]?[ \t]?(?!(?:secret|vault|env|file)\b)[\w.-]{{1,40}}"
    rf"(?::|[ \t]/[ \t]){_QUOTE}(?P<pair>[!-~]{{6,200}})"
    rf"|(?<![a-z0-9_]){_USERS}{_USER_IS}[ \t]?[:\uff1a]?[ \t]?[\w.-]{{1,40}}[ \t]?[/:\uff1a][ \t]?{_QUOTE}"
    r"(?P<account>[!-~]{6,200})"
    rf"|(?:密码|密碼|口令)[ \t]{{0,8}}{_QUOTE}(?![:=])(?P<named>[!-~]{{6,200}})"
    r"|(?-i:\bPIN)(?:[ \t]?[:\uff1a=][ \t]?|[ \t](?:is|ist|lautet)[ \t]|[ \t]?[为是][ \t]?)(?P<pin>\d{4,12})(?!\w)"
)
"""A secret in a sentence: English, German and Chinese. A word before it may say whose it is, or that it is stated."""
_WELL_KNOWN = re.compile(
    rf"(?i)(?<![a-z0-9_])"
    rf"(?:{_NAMED}{_OF}[ \t](?:is|was|ist|war|lautet):?[ \t]|(?:密码|密碼|口令)(?:就|仍|都)?[为是][ \t]?){_QUOTE}"
    r"(?:admin(?:istrator)?|root|toor|guest|change-?me|letmein|welcome|qwerty|\d{4,10})"
    r"[\"'”“’`」】)\uff09]?[ \t]*(?=$|[.,;!?(}\u3002\uff0c\uff1b\uff08]|\band\b)"
)
"""Passwords that devices come with: only where a sentence says of one that this is it, and ends."""
_NAME_OF_SOMETHING = re.compile(
    r"[a-z]+(?:[-_.][a-z]+)*[-_]?\d{0,2}|[A-Z-]+\d+(?:-\w+)?|\d+-?[a-z]+|\d[\d.:/-]*[a-z]{0,9}"
)
"""What a sentence about passwords may name: a host, a method, an age."""
_NEED_A_DIGIT = frozenset({"pass", "stated", "german"})
"""What stands beside a weaker name or in a sentence is a secret when it has letters and digits: prose has not both."""
_ON_COMMAND_LINE = re.compile(
    r"(?i)\bpgpassword=(?P<environment>\S{1,200})"
    r"|\bsshpass[ \t]{1,8}-p[ \t]{0,8}(?P<sshpass>\S{1,200})"
    r"|\bcurl\b[^|;\n]{0,200}[ \t](?:-u|--user)[ \t=]{0,8}[^\s:]{1,80}:(?P<curl>\S{1,200})"
    r"|\bmysql\w{0,10}\b[^|;\n]{0,200}[ \t]-p(?P<mysql>[^\s-]\S{0,200})"
    r"|\bredis-cli\b[^|;\n]{0,200}[ \t](?:-a|--pass)[ \t=]{1,8}(?P<redis>\S{1,200})"
    r"|\bauthorization:[ \t]{0,8}(?:bearer|basic)[ \t]{1,8}(?P<header>\S{1,400})"
    r"|\becho[ \t]{1,8}[\"']?[\w.-]{1,80}:(?P<chpasswd>[^\s\"'|]{1,200})[\"']?[ \t]{0,8}\|[ \t]{0,8}"
    r"(?:\S{0,40}/)?chpasswd\b"
    r"|\becho[ \t]{1,8}[\"']?(?P<stdin>[^\s\"'|]{1,200})[\"']?[ \t]{0,8}\|[^|;\n]{0,40}\bpasswd[ \t]{1,8}--stdin"
    r"|\b(?:requirepass|masterauth|primaryauth)[ \t]{1,8}(?P<redis_file>\S{1,200})"
    r"|\bldap[a-z]{3,10}\b[^|;\n]{0,200}[ \t](?-i:-w)[ \t]{0,8}(?P<ldap>\S{1,200})"
    r"|\bipmitool\b[^|;\n]{0,200}[ \t](?-i:-P)[ \t]{0,8}(?P<ipmi>\S{1,200})"
    r"|\b(?:smbclient|rpcclient|net)\b[^|;\n]{0,200}[ \t](?:-U|--user)[ \t=]{0,8}[^\s%]{1,80}%(?P<smb>\S{1,200})"
)
"""Where well-known programs take a password on their command line or from their environment."""
_REFERENCE = re.compile(
    r"secret:|vault:|env:|file:|!vault|[a-z][a-z0-9+.-]*://|[$<%({\[*|>/~.&#]|@(?:/|\w+@|\D*$)|x{3,}$|\.{3}|…",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"none|null|nil|always|never|on_\w+|true|false|yes|no|on|off|empty|example|required|optional|redacted|hidden|string|text|str|prompt|file"
    r"|env|vault|password|passwd|passphrase|secret|token|md5|scram-sha-256|sha-?\d+\w*|aes-?\d+(?:-\w+)?"
    r"|rsa-?\d*|ed25519",
    re.IGNORECASE,
)
_MIXED = re.compile(r"[A-Za-z].*\d|\d.*[A-Za-z]")
_SHORTEST = 4
_SHORTEST_STATED = 8
_LARGEST = 1024 * 1024
_MARKS = (
    *("pass", "pwd", "secret", "token", "key", "private", "://", "密码", "密碼", "口令", "密钥", "令牌"),
    *("kennwort", "geheimnis", "schlüssel", "zugangsdaten", "anmeldedaten", "credential", "login", "log in", "log-in"),
    *("logon", "log on", "log-on", "signin", "sign in", "sign-in"),
    *("账号", "用户名", "pw", "pin"),
    *("curl", "mysql", "redis", "ldap", "ipmi", "smb", "rpc", "auth", "dingtalk", "feishu", "weixin"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "pat_", "pat-", "xox", "akia", "asia", "ltai", "aiza", "k_live_", "eyj"),
    *("$1$", "$5$", "$6$", "$y$", "$2", "$argon2id$"),
)
"""Every form above holds one of these, in whatever case: a line without them is not read any further."""


def secrets_in(content: bytes) -> Iterator[tuple[int, str]]:
    """Given a file's bytes, yield the line (from 1) of each thing that looks like a secret, and what it looks like.

    Files that are no text, or larger than 1 MiB, are not looked at.
    """
    if len(content) > _LARGEST or b"\0" in content:
        return
    text = content.decode("utf-8", "replace")
    folded = text.casefold()
    marks = [mark for mark in _MARKS if mark in folded]
    if not marks:
        return
    for number, (line, bare) in enumerate(zip(text.splitlines(), folded.splitlines(), strict=True), start=1):
        what = _what(line) if any(mark in bare for mark in marks) else ""
        if what:
            yield number, what


def _what(line: str) -> str:
    known = _KNOWN.search(line)
    if known and known.lastgroup:
        return _NAMES[int(known.lastgroup.removeprefix("form"))]
    for found in _IN_URL.finditer(line):
        if _is_value(found["value"]):
            return "a password in a URL"
    for found in _ON_COMMAND_LINE.finditer(line):
        if _is_value(next(value for value in found.groups() if value is not None).strip("\"'")):
            return "a password on a command line"
    for found in _BESIDE_NAME.finditer(line):
        value = found[found.lastgroup or 0].strip("\"'")
        if _is_value(value) and (found.lastgroup not in _NEED_A_DIGIT or _MIXED.search(value)):
            return "a password or key"
    is_stated = _WELL_KNOWN.search(line) or any(map(_is_stated, _IN_SENTENCE.finditer(line)))
    return "a password or key" if is_stated else ""


def _is_stated(found: re.Match[str]) -> bool:
    """Whether what follows a word in a sentence is a secret, and no other word."""
    value = found[found.lastgroup or 0].rstrip(".,;:!?)\"'`")
    if found.lastgroup == "pin":
        return True
    if found.lastgroup == "pair" and _MIXED.search(value) and _is_value(value):
        return True
    return len(value) >= _SHORTEST_STATED and _is_value(value) and _is_odd(value)


def _is_odd(value: str) -> bool:
    return _MIXED.search(value) is not None and not _NAME_OF_SOMETHING.fullmatch(value)


def _is_value(text: str) -> bool:
    """Whether text may be a secret itself: no reference, no variable, no placeholder, no word of prose."""
    bare = text.rstrip(".,;:!?)\"'")
    return len(bare) >= _SHORTEST and bare.isascii() and not _REFERENCE.match(bare) and not _NO_VALUE.fullmatch(bare)
