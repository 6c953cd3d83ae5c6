"""How the whole configuration of a well-known service is tested, before it is restarted or reloaded.

In: a unit's name. Out: a command for sh that ends with 0 when the service would start with what is there now.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_POSTGRESQL = (
    "for file in /etc/postgresql/{version}/{cluster}/postgresql.conf; do "
    'version=${{file#/etc/postgresql/}}; "/usr/lib/postgresql/${{version%%/*}}/bin/postgres" '
    '-C data_directory "--config-file=$file" >/dev/null || exit; done'
)
_CLUSTER = re.compile(r"postgresql@([0-9.]+)-([A-Za-z0-9_.-]+)\.service")

_TESTS: Mapping[str, str] = MappingProxyType(
    {
        "apache2": "apache2ctl configtest",
        "bind9": "named-checkconf",
        "chrony": "chronyd -p",
        "chronyd": "chronyd -p",
        "dovecot": "doveconf -n >/dev/null",
        "haproxy": "haproxy -c -f /etc/haproxy/haproxy.cfg",
        "httpd": "apachectl configtest",
        "named": "named-checkconf",
        "nginx": "nginx -t",
        "postgresql": _POSTGRESQL.format(version="*", cluster="*"),
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
    name = unit.removesuffix(".service")
    return "" if name == unit else _TESTS.get(name, "")
