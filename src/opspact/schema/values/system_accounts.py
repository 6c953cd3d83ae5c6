"""Account names that belong to the system or its packages, and to opspact: no person's account is called so.

In: an account name. Out: whether it is one of them. What a package creates on a host that nobody knows here is found on
the host itself, by its user id.
"""

_BASE = (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody "
    "_apt adm operator halt shutdown ftp toor"
)
"""base-passwd of Debian, and what other distributions add."""
_PACKAGES = (
    "apache avahi bind chrony clamav colord cups-pk-helper dbus dnsmasq dovecot dovenull etcd fwupd-refresh "
    "geoclue gitlab-runner grafana haproxy influxdb jenkins kubelet libvirt-qemu lxd memcache messagebus mongodb "
    "mosquitto munin mysql nagios named nginx nslcd ntp ntpsec opendkim openldap polkitd pollinate postfix postgres "
    "prometheus pulse rabbitmq redis rtkit saned snmp sshd sssd statd stunnel4 syslog tcpdump tftp tomcat tss "
    "unbound usbmux uuidd varnish vnstat whoopsie zabbix zookeeper"
)
_NAMES = frozenset(_BASE.split()) | frozenset(_PACKAGES.split())
_PREFIXES = ("systemd-", "opspact", "_")
"""systemd's own, ours, and how Debian begins names of accounts that packages create since 2018."""


def is_system_account(name: str) -> bool:
    """Given an account's name, return whether it is the system's, a package's or opspact's own."""
    return name in _NAMES or name.startswith(_PREFIXES)
