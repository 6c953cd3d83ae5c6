"""What is masked in free text, what stays, and how long a crafted text can take."""

import json
import time
from pathlib import Path

import pytest

from opspact.model import names
from opspact.onhost import redaction
from opspact.onhost.redaction import LONGEST_LINE, Redactor, redactor_of
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.workspace.workspace import redactor

SECRET = "Geheim7-lamp"
KNOWN = Redactor()
REFERENCE = redactor(resolve(read_tree(Path(__file__).parents[3])))

SECRETS = {
    "/usr/bin/mysql -uroot -p{} oa": "/usr/bin/mysql -uroot -p[redacted] oa",
    "mysqldump -h db -P 3306 --password={} oa": "mysqldump -h db -P 3306 --password=[redacted] oa",
    "/usr/bin/tool --db-password {} -v": "/usr/bin/tool --db-password [redacted] -v",
    "/usr/bin/env PGPASSWORD={} psql": "/usr/bin/env PGPASSWORD=[redacted] psql",
    "curl https://li:{}@example.com/x": "curl https://li:[redacted]@example.com/x",
    "curl -u li:{} https://example.com": "curl -u li:[redacted] https://example.com",
    "/bin/sh -c echo\\ li:{}\\ |\\ chpasswd": "/bin/sh -c echo\\ li:[redacted] |\\ chpasswd",
    "echo {} | sudo -S id": "echo [redacted] | sudo -S id",
    "sshpass -p {} ssh db1": "sshpass -p [redacted] ssh db1",
    "sshpass -p{} ssh db1": "sshpass -p[redacted] ssh db1",
    "usermod -p {} eve": "usermod -p [redacted] eve",
    "htpasswd -b /etc/nginx/users eve {}": "htpasswd -b /etc/nginx/users eve [redacted]",
    "openssl enc -pass pass:{} -in x": "openssl enc -pass pass:[redacted] -in x",
    "ALTER ROLE oa PASSWORD '{} x' VALID": "ALTER ROLE oa PASSWORD [redacted] VALID",
    "CREATE USER oa IDENTIFIED BY '{}'": "CREATE USER oa IDENTIFIED BY [redacted]",
    "postgresql://oa:{}@db1/oa": "postgresql://oa:[redacted]@db1/oa",
    "redis://:p@{}@db1:6379": "redis://:[redacted]@db1:6379",
    'said {{"password": "{} x", "user": "oa"}}': 'said {{"password": [redacted], "user": "oa"}}',
    "Authorization: Bearer {0}{0}": "Authorization: Bearer [redacted]",
    "https://oapi.example.com/send?access_token={}": "https://oapi.example.com/send?access_token=[redacted]",
    "the password is: {} now": "the password is: [redacted] now",
    "das Passwort lautet {}": "das Passwort lautet [redacted]",
    "Kennwort: {}": "Kennwort: [redacted]",
    "Zugangsdaten = {}": "Zugangsdaten = [redacted]",
    "管理员密码:{},请修改": "管理员密码:[redacted],请修改",
    "管理员密码\uff1a{}\uff0c请修改": "管理员密码\uff1a[redacted]\uff0c请修改",
    "口令\uff1d{}": "口令\uff1d[redacted]",
    "password\uff1a{}": "password\uff1a[redacted]",
    "口令为 {}": "口令为 [redacted]",
    "密码是{}": "密码是[redacted]",
    "-----BEGIN RSA PRIVATE KEY-----\nMII{}\nabc\n-----END RSA PRIVATE KEY-----\nthen": (
        "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\nthen"
    ),
    "-----BEGIN OPENSSH PRIVATE KEY----- cut {}": "-----BEGIN OPENSSH PRIVATE KEY-----[redacted]",
}

STAYS = (
    "the password was changed on Monday",
    "the password of li was changed",
    "passwd: the password of eve was changed",
    "chpasswd: the password of eve was changed",
    "密码已修改",
    "密码未设置",
    "see https://example.com/help and http://127.0.0.1:8080/x@y",
    "secret:vault:borg is not available",
    "passphrase: /etc/opspact/backup/daily.passphrase differs",
    "TTY=pts/0 ; PWD=/root ; USER=root",
    "pam_unix(passwd:chauthtok): password changed for li",
    'FATAL: password authentication failed for user "oa"',
    "Failed password for root from 192.0.2.9 port 22 ssh2",
    "/usr/bin/mkdir -p /srv/password/x",
    "tar -p -x; mysql -P 3306",
    "SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "key SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU of li",
    "no password given; use --become-password secret:vault:NAME or --ask-become-pass",
    "its entry is not in /etc/passwd; change it where it is kept",
    "root has the rule deploy ALL=(root) NOPASSWD: /usr/bin/systemctl",
    "export ANSIBLE_VAULT_PASSWORD_FILE=/srv/vault/word",
    "1 item is ok.",
)


@pytest.mark.parametrize(("text", "masked"), SECRETS.items())
def test_a_secret_is_masked_and_the_words_around_it_stay(text: str, masked: str) -> None:
    assert KNOWN.masked(text.format(SECRET)) == masked.format()
    assert SECRET not in REFERENCE.masked(text.format(SECRET))


@pytest.mark.parametrize("text", STAYS)
def test_what_identifies_and_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert (KNOWN.masked(text), REFERENCE.masked(text)) == (text, text)


@pytest.mark.parametrize("text", [*SECRETS, *STAYS])
def test_what_is_masked_is_not_masked_again(text: str) -> None:
    """Else a result that a host masked would look like one that it did not."""
    for each in (KNOWN, REFERENCE):
        once = each.masked(text.format(SECRET) if text in SECRETS else text)
        assert each.masked(once) == once


@pytest.mark.parametrize("text", [*SECRETS, *STAYS])
def test_texts_searched_at_once_are_clean_only_if_each_of_them_is(text: str) -> None:
    full = text.format(SECRET) if text in SECRETS else text
    assert not REFERENCE.is_clean(["one", full, "two"]) or REFERENCE.masked(full) == full


@pytest.mark.parametrize("pattern", [r"^pin\d+$", r"\Apin\d+", r"(?<!\s)pin\d+", r"pin\d+(?!\s)", r"pin\d+\Z"])
def test_patterns_that_look_at_a_texts_ends_find_it_among_others(pattern: str) -> None:
    own = Redactor([{"patterns": [pattern], "instead": "***"}])
    assert own.masked("pin4711") == "***"
    assert not own.is_clean(["one", "pin4711", "two"])


SEEDS = (
    *("echo a:", "a:", "mysql ", "password=", "--password ", "curl -u a", "http://a:", "htpasswd -b ", "useradd "),
    *("-----BEGIN PRIVATE KEY-----", "密码:", "eyJ", "sshpass -p x", "a ", "\\ ", "'", '"', "sudo -S| ", "PASSWORD '"),
    *("-", "chpasswd echo a", "identified by ", "bearer a", " -p"),
)


@pytest.mark.parametrize("first", SEEDS)
def test_no_crafted_line_takes_long(first: str) -> None:
    """A stranger's command is searched by root: one of 500 characters once took 38 seconds."""
    started = time.process_time()
    for second in ("", "a:", "mysql ", "chpasswd echo a", "-"):
        Redactor().masked(((first + second) * LONGEST_LINE)[:2048])
    assert time.process_time() - started < 2


def test_a_line_that_is_too_long_is_shortened() -> None:
    assert len(KNOWN.masked("x" * 100_000)) == LONGEST_LINE
    assert KNOWN.masked(f"{'x ' * 9000}\nend").endswith(f"{redaction.CUT}\nend")


def test_only_free_text_of_data_is_masked() -> None:
    secret = f"password={SECRET}"
    data = {"message": secret, "subject": secret, "carry": {"message": secret}, "commands": [["now", "root", secret]]}
    masked = KNOWN.report({"items": [data], "sequence": 7})
    assert masked["items"][0] == {
        **data,
        "message": "password=[redacted]",
        "commands": [["now", "root", "password=[redacted]"]],
    }
    assert masked["sequence"] == 7


def test_hosts_and_the_control_machine_mask_by_the_same_patterns(tmp_path: Path) -> None:
    contract = resolve(read_tree(Path(__file__).parents[3]))
    for each in contract.redactions:
        (tmp_path / f"{each.name}.json").write_text(json.dumps(each.as_data()))
    assert redactor_of({"redactions": str(tmp_path)}).digest == REFERENCE.digest != KNOWN.digest
    assert redaction.REDACTIONS == names.REDACTIONS


@pytest.mark.parametrize("content", ["{", "[]", '{"patterns": ["("], "instead": "x"}', '{"patterns": ["a"]}'])
def test_where_the_patterns_cannot_be_used_no_text_is_kept(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    withheld = redactor_of({"redactions": str(tmp_path)})
    assert (SECRET in withheld.masked(SECRET), withheld.digest, withheld.is_clean(["x"])) == (False, "", False)


def test_a_host_without_redactions_masks_what_every_host_knows(tmp_path: Path) -> None:
    assert redactor_of({"redactions": str(tmp_path / "absent")}).digest == KNOWN.digest
