"""What looks like a secret, and what does not."""

import pytest

from opspact.analyse.shell.secrets import secrets_in

LETTERS = "abcdefghij0123456789ABCDEFGHIJ0123456789"
SECRETS = {
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----": "private key",
    "-----BEGIN " + "PRIVATE KEY-----": "private key",
    f"token: ghp_{LETTERS[:36]}": "GitHub",
    f"url: glpat-{LETTERS[:20]}": "GitLab",
    "id: AKIA" + LETTERS[20:36].upper().replace("-", "0"): "AWS",
    "id: LTAI" + LETTERS[:16]: "Alibaba Cloud",
    "to: https://oapi.dingtalk.com/robot/send?access_token=" + "0123456789abcdef" * 4: "DingTalk",
    "hash: $6$saltsalt$" + LETTERS * 2: "hash",
    "url: postgresql://oa:Kitten7@db1/oa": "URL",
    "password: Kitten7-lamp": "key",
    "run: PGPASSWORD=Kitten7lamp psql oa": "command line",
    "run: curl -fsS -u admin:Kitten7lamp http://localhost/": "command line",
    "run: sshpass -p Kitten7lamp ssh app1 true": "command line",
    "run: mysqldump -uroot -pKitten7lamp oa": "command line",
    "run: 'curl -H \"Authorization: Bearer Kitten7lampKitten7lamp\" http://localhost/'": "command line",
    "run: echo 'oa:Kitten7lamp' | chpasswd": "command line",
    "db_password = 'Kitten7 lamp'": "key",
    '"api_key": "Kitten7lamp",': "key",
    "ansible_become_password: Kitten7lamp": "key",
    "# old password: Kitten7lamp": "key",
    "密码:Kitten7lamp": "key",
    "密码\uff1aKitten7lamp": "key",
    "初始密码为\uff1aKitten7lamp": "key",
    "账号\uff1aadmin 密码\uff08Kitten7lamp\uff09": "key",
    "run: echo 'Kitten7lamp' | passwd --stdin oa": "command line",
    "requirepass Kitten7lamp": "command line",
    "run: ldapsearch -x -D cn=admin -w Kitten7lamp": "command line",
    "run: ipmitool -H bmc1 -U admin -P Kitten7lamp power status": "command line",
    "run: smbclient //nas1/share -U oa%Kitten7lamp": "command line",
    "数据库口令: Kitten7lamp": "key",
    "DB_PASS=Kitten7lamp": "key",
    "dbPassword: Kitten7lamp": "key",
    "userDBPassword: Kitten7lamp": "key",
    'password: "@dmin2026"': "key",
    "run: redis-cli -h db1 -a Kitten7lamp ping": "command line",
    "run: redis-cli --pass Kitten7lamp ping": "command line",
    "密码为 Kitten7lamp": "key",
    "口令是Kitten7lamp": "key",
    "密码设为 Kitten7lamp,请勿外传": "key",
    "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----": "private key",
    f"id: github_pat_{LETTERS}{LETTERS[:20]}": "GitHub",
    f"id: xoxb-{LETTERS[:20]}": "Slack",
    f"id: AIza{LETTERS[:35]}": "Google",
    "id: sk_" + f"live_{LETTERS[:20]}": "Stripe",
    f"id: eyJ{LETTERS[:20]}.eyJ{LETTERS[:20]}": "JWT",
    f"to: open.feishu.cn/open-apis/bot/v2/hook/{'0123456789abcdef' * 2}": "Feishu",
    f"to: qyapi.weixin.qq.com/cgi-bin/webhook/send?key={'0123456789abcdef' * 2}": "WeCom",
    "hash: $y$j9T$" + LETTERS: "hash",
    "hash: $2b$12$" + LETTERS: "hash",
    "hash: $argon2id$v=19$" + LETTERS: "hash",
    "PASSPHRASE=Kitten7lamp": "key",
}
HARMLESS = [
    "- {name: app, update_password: on_create}",
    "update_password: always",
    "passphrase: secret:vault:borg",
    "channels: {mobile: secret:env:LI_NA_MOBILE}",
    "password: \"{{ lookup('env', 'OA') }}\"",
    "password = $DB_PASSWORD",
    "password: <see the vault>",
    "password: ${DB_PASSWORD}",
    "ssl_password_file = /etc/oa/pass",
    "password_encryption = scram-sha-256",
    "password: required",
    "token: true",
    "keys: exclusive",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 zhang-wei",
    "text: {zh: 遵守保密原则:密码、核心参数、业务数据不得随意复制和传播}",
    "密码:不得随意复制和传播",
    "密码\uff1a见保险柜",
    "密码\uff1asecret:vault:oa",
    "run: ldapsearch -W -x -D cn=admin,dc=example",
    "run: ipmitool -H bmc1 -p 6230 -f /etc/bmc/password power status",
    "run: ipmitool -H bmc1 -P $BMC_PASSWORD power status",
    "https://example.com/help",
    "https://example.com:8080/a@b",
    "postgresql://oa:${PASSWORD}@db1/oa",
    "digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "location ~ /\\.token { deny all; }",
    "run: PGPASSWORD=$OA_PASSWORD psql oa",
    "run: curl -u admin:$TOKEN http://localhost/",
    "run: mysqldump -u root --databases oa",
    "run: mysqldump -p oa",
    "DB_PASS=$OA_PASSWORD",
    "proxy_pass: http://app1:8080/oa2",
    "first_pass: everything is looked at",
    "bypass: no-one4",
    "dbPassword: ${DB_PASSWORD}",
    "password: @/etc/oa/pass1",
    "password: @PASSWORD1@",
    "run: redis-cli -a $OA_PASSWORD ping",
    'run: redis-cli -a "$OA_PASSWORD" ping',
    "密码为空",
    "密码为 8 位以上,含字母和数字",
    "密码是 SHA-256 存储的",
    "密钥为 ed25519 类型",
    "口令是 required",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----",
]


@pytest.mark.parametrize(("line", "what"), SECRETS.items())
def test_what_looks_like_a_secret_is_told_with_its_line(line: str, what: str) -> None:
    ((number, found),) = secrets_in(f"first: line\n{line}\n".encode())
    assert (number, what in found) == (2, True)


@pytest.mark.parametrize("line", HARMLESS)
def test_references_variables_and_prose_are_no_secrets(line: str) -> None:
    assert list(secrets_in(line.encode())) == []


def test_what_is_no_text_is_not_looked_at() -> None:
    assert list(secrets_in(b"\0password: Kitten7lamp")) == []


def test_text_that_is_not_utf8_is_looked_at_all_the_same() -> None:
    assert [number for number, _ in secrets_in(b"caf\xe9\npassword: Kitten7lamp\n")] == [2]


SAID = r"""
The password is Kitten7lamp
the password of oa is Kitten7lamp.
The password for the database is Kitten7lamp
Its password was Kitten7lamp until May
Log in as admin with the password Kitten7lamp
use password Kitten7lamp
Set the password to Kitten7lamp
the root password is "Kitten7lamp"
The passphrase is Kitten7lamp
password of the oa account: Kitten7lamp
admin password - Kitten7lamp
Password (old): Kitten7lamp
pw: Kitten7lamp
user oa, pw Kitten7lamp
The PIN is 493817
PIN: 493817
login: admin / Kitten7lamp
credentials: admin:Kitten7lamp
credentials: admin / Kitten7lamp
the API key is Kitten7lamp42
The token is Kitten7lamp42
text: {en: "log in with password Kitten7lamp", zh: x}
Das Passwort ist Kitten7lamp
Das Passwort lautet Kitten7lamp
Das Passwort lautet: Kitten7lamp
Passwort: Kitten7lamp
Kennwort: Kitten7lamp
Kennwort = Kitten7lamp
Das Kennwort von oa ist Kitten7lamp
Das Passwort für die Datenbank ist Kitten7lamp
mit dem Kennwort Kitten7lamp anmelden
mit Passwort Kitten7lamp anmelden
Das Passwort wurde auf Kitten7lamp gesetzt
Datenbankpasswort: Kitten7lamp
Zugangsdaten: admin / Kitten7lamp
Root-Passwort: Kitten7lamp
Das Geheimnis lautet Kitten7lamp
Der Schlüssel lautet Kitten7lamp
PASSWORT=Kitten7lamp
密码 Kitten7lamp
用户名 admin,密码 Kitten7lamp
用户名/密码:admin/Kitten7lamp
账号密码:admin/Kitten7lamp
账号:admin 密码:Kitten7lamp
密码改成 Kitten7lamp
密码改成了Kitten7lamp
密码统一为 Kitten7lamp
密码就是 Kitten7lamp
初始密码为Kitten7lamp
默认密码是“Kitten7lamp”
数据库的密码(Kitten7lamp)不要外传
密码【Kitten7lamp】
请用密码Kitten7lamp登录
密码:Kitten7lamp
密碼:Kitten7lamp
root口令Kitten7lamp
使用口令 Kitten7lamp 登录
密码:admin@2026
密钥: Kitten7lamp
令牌: Kitten7lamp42
密码重置为Kitten7lamp
credentials are admin:hunter2
The credentials were admin / hunter2
credentials: admin:hunter2
Zugangsdaten lauten admin:hunter2
Login with admin / S3cret!pw
log in as admin / S3cret!pw
Sign in with admin / S3cret!pw
log on: admin / S3cret!pw
Anmeldedaten sind admin / S3cret!pw
账号为admin/S3cret!pw
the default password is admin
The default password is admin.
the initial password is "changeme" (change it)
the root password is 12345678
Das Passwort ist admin
默认密码是admin
初始密码为123456,首次登录须修改
"""
PROSE = r"""
The password is kept in the vault
The password is changed every 90 days
the password is 12 characters long
The password of oa is in secret:vault:oa
Change the password of db1 now
use password authentication
the password is hashed with SHA-256
Passwords are rotated every 90d
password of app1 and app2 are the same
Set the password to a new one
The password is stored in /etc/oa/pass1
with the password from vault2
The token is valid for 24h
token is refreshed after 30m
the passphrase is kept by two people
password complexity: 3of4
The PIN is kept in the safe
The password is <see vault>
the password is ${DB_PASSWORD}
The password is {{ db_password1 }}
The password is "{{ db_password1 }}"
the password is required
The API key is rotated on 2026-01-01
password is set by ansible-vault2
The password for db1 is in the vault
the password is AES-256 encrypted
The password is sha512crypt
update_password: on_create
update_password: on_change
password_hash: sha512
Das Passwort ist im Tresor
Das Passwort wird alle 90 Tage geändert
Das Passwort lautet wie im Tresor hinterlegt
Das Kennwort ist 12 Zeichen lang
Passwort: siehe Tresor
Passwort ändern
Kennwort: geheim
Das Passwort von db1 ist im Tresor
Der Schlüssel liegt im Schrank 12b
Passwort: {{ vault_oa1 }}
Passwort: $OA_PASSWORD1
密码每 90 天更换一次
密码在保险柜中
密码长度不少于 8 位
密码须含字母和数字
密码见 vault2
密码:见保险柜
密码策略:8位以上
修改 db1 的密码
密码由 2 人保管
密码为 8 位以上,含字母和数字
密码是 SHA-256 存储的
密码:{{ oa_password1 }}
密码:secret:vault:oa1
密码 secret:vault:oa1
密码以 SHA-256 存储
密码错误 5 次后锁定
密码保存在 db1 上
口令更换:每 90 天
账号密码:由客户保管
令牌 24h 有效
PINs are checked
pin: 12
pins: [1234]
openssl rand -base64 24 > password1
credentials: secret:vault:oa1
credentials: /etc/oa/cred1
login: admin
credentials are kept in the vault
credentials are admin's
credentials: vault:app1db
Login with app1 / app2-db
log in with key or password
log in as root on db1
the password is admin's
the password is root-only
the default password is admin of the vault
the password is 2026 characters long
the admin password is known to admin and root
密码为 12 位以上
密码为 1234 位
密码是admin设置的
"""


@pytest.mark.parametrize("line", SAID.strip().splitlines())
def test_a_secret_in_a_sentence_is_seen(line: str) -> None:
    assert [number for number, _ in secrets_in(line.encode())] == [1]


@pytest.mark.parametrize("line", PROSE.strip().splitlines())
def test_sentences_about_secrets_hold_none(line: str) -> None:
    assert list(secrets_in(line.encode())) == []
