"""One step of every kind as an example, and a hypothesis strategy for any step of any kind."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.kinds import KINDS
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.table_rows import TableRows
from opspact.steps.unit import Unit
from opspact.values.secret import Scheme, SecretReference

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 zhang-wei"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi"
REPOSITORY = BackupRepository(
    server="backup1",
    address="198.51.100.21",
    account="opspact-backup",
    base="/srv/opspact-backup",
    repository="daily",
    key_path="/etc/opspact/backup/keys/daily/id_ed25519",
    known_hosts_path="/etc/opspact/backup/keys/daily/known_hosts",
)
EXAMPLES: tuple[Step, ...] = (
    Account(name="li-na", home="/home/li-na", comment="Li Na"),
    Account(name="wang-fang", home="/home/wang-fang", expires=20_820),
    ClosedAccount(name="zhao-min"),
    Membership(account="li-na", group="adm"),
    AuthorizedKeys(account="li-na", home="/home/li-na", keys=(KEY,)),
    AuthorizedKeys(account="li-na", home="/home/li-na", keys=(KEY, OTHER_KEY), exclusive=False),
    REPOSITORY,
    Directory(path="/srv/oa"),
    EmergencyAccess(account="em-li-na", policy="db", groups=("adm",)),
    File(path="/etc/motd", content=Content.of("under contract\n"), validate="/bin/true %s", restarts=("a.service",)),
    File(path="/etc/systemd/system/a.timer", content=Content.of("[Timer]\n")),
    HttpAnswer(url="http://localhost/", contains="OA"),
    Link(path="/etc/nginx/sites-enabled/oa", target="/etc/nginx/sites-available/oa", restarts=("nginx.service",)),
    OtherAccess(accounts=("ops",), keys=("ops SHA256:x",), sudo=("ops ALL=(ALL:ALL) NOPASSWD: ALL",)),
    Package(name="nginx"),
    PortAnswer(port=80),
    SecretFile(path="/etc/opspact/p", secret=SecretReference("vault", "borg")),
    TableRows(
        database="oa",
        table="document_type",
        key=("code",),
        columns=("code", "label"),
        content=Content.of('["01", "通知"]\n'),
    ),
    Unit(name="nginx.service", reloads=("/etc/nginx/sites-enabled/oa",), test="nginx -t"),
    Unit(name="a.timer", watches=("/etc/systemd/system/a.timer",)),
    Unit(name="telnet.socket", enabled=False, running=False),
)

_TEXT = st.text(max_size=20)
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    tuple[str, ...]: st.lists(_TEXT, max_size=3).map(tuple),
    Content: _TEXT.map(Content.of),
    SecretReference: st.builds(SecretReference, st.sampled_from(get_args(Scheme)), _TEXT),
}


def _any_of(kind: type[Step]) -> st.SearchStrategy[Step]:
    hints = get_type_hints(kind)
    wanted = {field.name: _VALUES[hints[field.name]] for field in fields(kind) if field.name != "origins"}
    if kind is BackupRepository:
        plain = st.from_regex(r"[\w./:@%+-]+", fullmatch=True)
        wanted |= dict.fromkeys(("server", "account", "base", "repository"), plain)
    return st.builds(kind, **wanted)


steps = st.one_of([_any_of(kind) for kind in KINDS.values()])
"""Any step of any kind; a kind with a field of a new type fails here until the type stands above."""
