"""What the items of an inspection say of real hosts, of Debian 12 (`app1`) and 13 (`db1`): well, and on a bad day."""

from dataclasses import dataclass
from typing import Any

import pytest
from backing_up import On
from host_inspection import inspect, lay_out_program
from labkit import Lab

pytestmark = pytest.mark.lab

DAY = 86400.0
PRIMARY = "postgresql@CLUSTER-main.service"
STANDBY = """\
set -e
pg_createcluster CLUSTER copy --port 5433 >/dev/null
rm -r /var/lib/postgresql/CLUSTER/copy
runuser -u postgres -- pg_basebackup --write-recovery-conf --checkpoint=fast -D /var/lib/postgresql/CLUSTER/copy
systemctl start postgresql@CLUSTER-copy.service
"""
SESSIONS = "journalctl --boot --quiet --grep 'session opened for user postgres' | wc -l"
OPEN = """\
systemd-run -qu holder runuser -u postgres -- psql -qd oa -c 'begin' -c 'select pg_sleep(600)'
old="SELECT bool_or(now() - xact_start > '1 s') FROM pg_stat_activity WHERE datname = 'oa'"
until [ "$(runuser -u postgres -- psql -Atc "$old")" = t ]; do sleep 0.1; done
"""
SITE = """\
set -e
cd /root
openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout key.pem -out cert.pem 2>/dev/null
systemd-run -qu site -p WorkingDirectory=/root openssl s_server -accept 8443 -cert cert.pem -key key.pem -www
until openssl s_client -connect localhost:8443 </dev/null >/dev/null 2>&1; do sleep 0.1; done
"""
MARIADB = """\
set -e
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends mariadb-server >/dev/null
mariadb -e "create database oa; create table oa.t (a int primary key); set global time_zone = '+08:00'"
mariadb-install-db --no-defaults --user=mysql --datadir=/var/lib/primary >/dev/null
systemd-run -qu primary mariadbd --no-defaults --user=mysql --datadir=/var/lib/primary --port=3307 \
  --socket=/run/mysqld/primary.sock --log-bin --server-id=1
asked="mariadb --no-defaults --socket=/run/mysqld/primary.sock -e"
until $asked '' 2>/dev/null; do sleep 0.1; done
$asked "create user r@127.0.0.1 identified by 'r'; grant replication slave on *.* to r@127.0.0.1"
mariadb -e "set global server_id = 2; change master to master_host = '127.0.0.1', master_port = 3307,
  master_user = 'r', master_password = 'r', master_ssl_verify_server_cert = 0; start slave"
until mariadb -e 'show all slaves status\\G' | grep -q 'Seconds_Behind_Master: 0'; do sleep 0.1; done
"""
HELD = "systemd-run -qu held mariadb oa -e 'begin; insert into t values (1); select sleep(600)'"
LISTS = "/var/lib/apt/lists /var/lib/apt/lists/partial"
REPOSITORIES = """\
set -e
build() {
  mkdir -p /opt/package/DEBIAN /opt/$3
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\n' "$1" "$2" \
    >/opt/package/DEBIAN/control
  dpkg-deb --build /opt/package "/opt/$3/$1.deb" >/dev/null
}
index() {
  cd "/opt/$1"
  dpkg-deb --field "$2.deb" >Packages
  printf 'Filename: ./%s.deb\\nSize: %s\\nSHA256: %s\\n' "$2" "$(stat -c %s "$2.deb")" \
    "$(sha256sum "$2.deb" | cut -c -64)" >>Packages
  printf 'Origin: Debian\\nLabel: %s\\nSuite: %s\\nVersion: 1\\nSHA256:\\n %s %s Packages\\n' "$3" "$4" \
    "$(sha256sum Packages | cut -c -64)" "$(stat -c %s Packages)" >Release
  echo "deb [trusted=yes] file:/opt/$1 ./" >"/etc/apt/sources.list.d/$1.list"
}
build ours-a 1.0 old
build ours-b 1.0 old
dpkg -i /opt/old/*.deb >/dev/null
build ours-a 1.1 security
build ours-b 1.1 other
index security ours-a Debian-Security stable-security
index other ours-b Debian stable
apt-get -qq update
"""
STALE = """\
set -e
library=$(ldconfig -p | grep -o '/[^ ]*/libm.so.6' | head -n 1)
cp "$library" /usr/local/lib/libstale.so
systemd-run -qu stale -p Environment=LD_PRELOAD=/usr/local/lib/libstale.so sleep 600
until grep -q libstale "/proc/$(systemctl show --value --property=MainPID stale)/maps"; do sleep 0.1; done
rm /usr/local/lib/libstale.so
"""


@dataclass(frozen=True)
class Host(On):
    """A lab host with a database, and the release of its PostgreSQL."""

    cluster: str

    def run_all(self, script: str) -> None:
        done = self.root(script.replace("CLUSTER", self.cluster))
        assert done.rc == 0, done


@pytest.fixture(scope="module")
def hosts(two_databases: Lab) -> dict[str, Host]:
    found = {host: Host(two_databases, host, cluster) for host, cluster in (("app1", "15"), ("db1", "17"))}
    for host in found.values():
        lay_out_program(host)
        host.run_all(STANDBY)
    return found


BOTH = pytest.mark.parametrize("name", ["app1", "db1"])


def seen(result: dict[str, Any]) -> dict[str, str]:
    """Return the verdicts, by item and subject."""
    return {f"{item['item']} {item['subject']}".strip(): item["verdict"] for item in result["items"]}


def database(host: Host, name: str, **more: object) -> dict[str, object]:
    lag = {"warn": 60.0, "critical": 600.0}
    return {"item": "postgresql", "database": "oa", "cluster": f"{host.cluster}/{name}", "replication_lag": lag, **more}


@BOTH
def test_a_host_as_it_should_be_is_ok_in_every_item(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    before = host.root(SESSIONS).out
    status, result = inspect(
        host,
        "good-day",
        {"item": "disk", "mount": "/", "warn": 99.8, "critical": 99.9, "writable": True},
        {"item": "swap", "warn": 100.1},
        {"item": "process", "name": "sshd", "user": "root", "min": 1},
        {"item": "process", "name": "postgres", "user": "postgres", "min": 10},
        {"item": "unit", "name": "ssh.service"},
        database(host, "main", standbys=1, connections={"warn": 80.0}, wraparound={"warn": 50.0}),
        database(host, "copy", longest_transaction={"warn": 3600.0}),
    )
    main, copy = f"{host.cluster}/main:oa", f"{host.cluster}/copy:oa"
    assert (status, seen(result)) == (
        0,
        {
            "disk /": "ok",
            "inodes /": "ok",
            "mount /": "ok",
            "swap": "ok",
            "process sshd": "ok",
            "process postgres": "ok",
            "unit ssh.service": "ok",
            **{
                f"postgresql_{each} {cluster}": "ok"
                for cluster in (main, copy)
                for each in ("unit", "connections", "longest_transaction", "size", "wraparound", "replication_lag")
            },
            f"postgresql_standbys {main}": "ok",
        },
    ), result["message"]
    assert host.root(SESSIONS).out == before  # asking a database is no login
    assert int(before) > 0  # that of this test's own pg_basebackup


@BOTH
def test_a_bad_day_is_seen_as_such(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    host.run_all(f"{OPEN}{SITE}")
    host.run_all(
        "mkdir -p /read-only /many && mount -t tmpfs -o ro none /read-only && mount -t tmpfs -o nr_inodes=20 none /many"
        " && touch $(seq -f /many/%g 18)"
    )
    status, result = inspect(
        host,
        "bad-day",
        {"item": "disk", "mount": "/read-only", "warn": 80.0, "critical": 90.0, "writable": True},
        {"item": "disk", "mount": "/many", "warn": 80.0, "critical": 90.0},
        {"item": "process", "name": "sshd", "min": 50},
        {"item": "process", "name": "postgres", "user": "nobody", "min": 0},
        {"item": "http", "url": "https://localhost:8443/", "certificate": {"warn": 30 * DAY, "ca": "/root/cert.pem"}},
        {"item": "http", "url": "https://localhost:8443/", "within": 5.0},
        database(host, "main", standbys=2, longest_transaction={"warn": 0.5}),
    )
    host.run_all("systemctl stop holder.service site.service; umount /read-only /many")
    main = f"{host.cluster}/main:oa"
    assert (status, {what: verdict for what, verdict in seen(result).items() if verdict != "ok"}) == (
        0,
        {
            "mount /read-only": "critical",
            "inodes /many": "critical",
            "process sshd": "critical",
            "certificate https://localhost:8443/": "warning",
            "http https://localhost:8443/": "critical",  # the second one: the system knows no such authority
            f"postgresql_longest_transaction {main}": "warning",
            f"postgresql_standbys {main}": "critical",
        },
    ), result["message"]


@BOTH
def test_a_stopped_cluster_and_a_standby_that_receives_nothing_are_critical(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    host.run_all("systemctl stop " + PRIMARY)
    assert host.root("systemctl is-active postgresql.service").out == "active\n"
    status, result = inspect(host, "stopped", database(host, "main"), database(host, "copy"))
    host.run_all("systemctl start " + PRIMARY)
    main, copy = f"{host.cluster}/main:oa", f"{host.cluster}/copy:oa"
    verdicts = seen(result)
    assert (status, verdicts[f"postgresql_unit {main}"], verdicts[f"postgresql {main}"]) == (0, "critical", "critical")
    assert (verdicts[f"postgresql_unit {copy}"], verdicts[f"postgresql_replication_lag {copy}"]) == ("ok", "critical")


@BOTH
def test_updates_of_security_are_counted_apart_and_old_lists_are_unknown(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    host.run_all(REPOSITORIES)
    item = {"item": "updates", "security": {"warn": 1}, "other": {"warn": 50}, "lists_within": 3 * DAY}
    status, result = inspect(host, "updates", item)
    security, other = result["items"]
    assert (status, security["verdict"], security["message"]) == (
        0,
        "warning",
        "1 package has a security update: ours-a.",
    )
    assert (other["verdict"], "ours-b" in other["message"]) == ("ok", True)
    host.run_all(f"touch -d '4 days ago' {LISTS}")
    (seen_later,) = inspect(host, "updates", item)[1]["items"]
    assert (seen_later["verdict"], "4.0 days ago" in seen_later["message"]) == ("unknown", True)


@BOTH
def test_services_with_replaced_libraries_are_named_and_nothing_restarts_them(
    hosts: dict[str, Host], name: str
) -> None:
    host = hosts[name]
    item = {"item": "reboot", "warn_after": 0.0}
    assert inspect(host, "restarts", item)[1]["verdict"] == "ok"
    host.run_all(STALE)
    before = host.root("systemctl show --property=MainPID stale.service").out
    status, result = inspect(host, "restarts", item)
    kernel, services = result["items"]
    assert (status, kernel["verdict"], "systemd-nspawn" in kernel["message"]) == (0, "ok", True)
    assert (services["verdict"], services["message"]) == (
        "warning",
        "Services that use replaced libraries: stale.service.",
    )
    host.run_all("DEBIAN_FRONTEND=noninteractive apt-get install -qq -y ours-b >/dev/null")
    assert host.root("systemctl show --property=MainPID stale.service").out == before
    host.run_all("systemctl stop stale.service")


@BOTH
def test_a_threshold_counts_after_as_many_runs_as_the_policy_says(hosts: dict[str, Host], name: str) -> None:
    runs = [inspect(hosts[name], "twice", {"item": "memory", "warn": 0.0, "after": 2})[1] for _ in range(2)]
    assert [run["verdict"] for run in runs] == ["ok", "warning"]


def mariadb(host: Host, policy: str) -> dict[str, str]:
    """Inspect its MariaDB; return the verdicts by item."""
    limits = {"longest_transaction": {"warn": 0.5, "critical": 600.0}, "connections": {"warn": 80.0}}
    item = {"item": "mariadb", "database": "oa", "replication_lag": {"warn": 60.0}, "replicas": 0, **limits}
    result = inspect(host, policy, item)[1]
    return {item["item"].removeprefix("mariadb_"): item["verdict"] for item in result["items"]}


@BOTH
def test_a_mariadb_server_is_seen_with_its_transactions_and_its_replication(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    host.run_all(MARIADB)
    parts = ("unit", "connections", "longest_transaction", "size", "replicas", "replication_lag")
    good = dict.fromkeys(parts, "ok")
    assert mariadb(host, "mariadb") == good
    host.run_all(f"{HELD}; sleep 1; systemctl stop primary.service")
    # Eight hours, and critical, were the transaction's beginning taken for a time in the zone that is set.
    assert mariadb(host, "mariadb") == {**good, "longest_transaction": "warning", "replication_lag": "critical"}
    host.run_all("systemctl stop held.service mariadb.service")
    assert mariadb(host, "mariadb") == {"unit": "critical", "mariadb": "critical"}
