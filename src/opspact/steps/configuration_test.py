"""How the whole configuration of a well-known service is tested, before it is restarted or reloaded.

In: a unit's name. Out: a command for sh that ends with 0 when the service would start with what is there now.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

# `postgres -C` reads postgresql.conf and what that includes, but not pg_hba.conf, with which the server would not start
# either: a server that runs says what it makes of that file. Its process file has its port and its socket's folder.
_POSTGRESQL = (
    "cd / && for file in /etc/postgresql/{version}/{cluster}/postgresql.conf; do version=${{file#/etc/postgresql/}}; "
    "bin=/usr/lib/postgresql/${{version%%/*}}/bin; "
    'data=$("$bin/postgres" -C data_directory "--config-file=$file") || exit; '
    'pid=$data/postmaster.pid; [ -e "$pid" ] && [ -e "/proc/$(head -n 1 "$pid")" ] || continue; '
    'wrong=$(runuser -u postgres -- "$bin/psql" -h "$(sed -n 5p "$pid")" -p "$(sed -n 4p "$pid")" -XAtqd postgres '
    "-c \"SELECT 'pg_hba.conf, line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL\""
    ') || exit; [ -z "$wrong" ] || {{ printf "%s\\n" "$wrong"; exit 1; }}; done'
)
_CLUSTER = re.compile(r"postgresql@([0-9.]+)-([A-Za-z0-9_.-]+)\.service")
_PHP = re.compile(r"php([0-9.]+)-fpm\.service")

# Each was tried on Debian 12 and 13, with the service running and stopped: docs/decisions/0023.
_TESTS: Mapping[str, str] = MappingProxyType(
    {
        "apache2": "apache2ctl configtest",
        "bind9": "named-checkconf",
        "chrony": "chronyd -p",
        "chronyd": "chronyd -p",
        # The folder is an argument of the service, and not in dnsmasq.conf.
        "dnsmasq": "dnsmasq --test -7 /etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new",
        "dovecot": "doveconf -n >/dev/null",
        "fail2ban": "fail2ban-client -t",
        "haproxy": "haproxy -c -f /etc/haproxy/haproxy.cfg",
        "lighttpd": "lighttpd -tt -f /etc/lighttpd/lighttpd.conf",
        "named": "named-checkconf",
        "nftables": "nft -c -f /etc/nftables.conf",
        "nginx": "nginx -t",
        "postgresql": _POSTGRESQL.format(version="*", cluster="*"),
        "prometheus": "promtool check config /etc/prometheus/prometheus.yml",
        "rsyslog": "rsyslogd -N1",
        "squid": "squid -k parse",
        "ssh": "/usr/sbin/sshd -t",
        "sshd": "/usr/sbin/sshd -t",
        "unbound": "unbound-checkconf",
    }
)


def configuration_test(unit: str) -> str:
    """Given a unit's full name, return the command that tests what it would read; empty: none is known."""
    if cluster := _CLUSTER.fullmatch(unit):
        return _POSTGRESQL.format(version=cluster[1], cluster=cluster[2])
    if php := _PHP.fullmatch(unit):
        return f"php-fpm{php[1]} -t"
    name = unit.removesuffix(".service")
    return "" if name == unit else _TESTS.get(name, "")
