"""The borgmatic configuration: what it says, and nothing in it is secret."""

import yaml

from opspact.compile.borgmatic import BackupContent, backup_settings, borgmatic_configuration
from opspact.model.policies.backup import Database, DatabaseEngine
from opspact.steps.borg import BorgAccess

ACCESS = BorgAccess(
    server="backup1",
    address="198.51.100.21",
    port=2222,
    account="opspact-backup",
    repository="monthly",
    key_path="/etc/opspact/backup/keys/monthly/id_ed25519",
    known_hosts_path="/etc/opspact/backup/keys/monthly/known_hosts",
    passphrase_path="/etc/opspact/backup/monthly.passphrase",
)
OPEN = BorgAccess(
    server="backup1",
    address="2001:db8::1",
    account="b",
    repository="r",
    key_path="k",
    known_hosts_path="h",
    passphrase_path="",
)
OA = Database("oa", None)
CONTENT = BackupContent(policy="full", paths=("/etc", "/srv/{{x}}"), exclude=("*.tmp", "${HOME}"), databases=(OA,))


def test_the_configuration_has_sections() -> None:
    text = borgmatic_configuration(ACCESS, CONTENT)
    assert "!unsafe" not in text
    data = yaml.safe_load(text)
    assert list(data) == ["location", "storage", "hooks"]
    assert data["location"] == {
        "source_directories": ["/etc", "/srv/{{x}}", "/var/lib/opspact/roles/full"],
        "repositories": ["ssh://opspact-backup@198.51.100.21:2222/./monthly"],
        "local_path": "/usr/local/lib/opspact/borg_output.py",
        "one_file_system": True,
        "exclude_patterns": ["*.tmp", "\\${HOME}", "/var/cache/opspact/borg"],
        "borgmatic_source_directory": "/run/opspact/borgmatic/full",
    }
    assert data["storage"]["archive_name_format"] == "unproven-full-{utcnow:%Y%m%dT%H%M%SZ}"
    assert data["storage"]["encryption_passcommand"] == "cat /etc/opspact/backup/monthly.passphrase"
    assert data["storage"]["extra_borg_options"] == {"create": "--show-rc"}
    (database,) = data["hooks"]["postgresql_databases"]
    command = "/usr/bin/python3 /usr/local/lib/opspact/dump.py /run/opspact/borgmatic/full/proof"
    assert (database["name"], database["pg_dump_command"]) == ("oa", command)


def test_a_database_of_mariadb_is_one_of_postgresql_to_borgmatic_with_another_program() -> None:
    """Every version takes a program in place of pg_dump; the host's name becomes the dump's folder in the archive."""
    other = Database("oa", None, DatabaseEngine.MARIADB)
    content = BackupContent(policy="full", paths=("/etc",), databases=(OA, other))
    data = yaml.safe_load(borgmatic_configuration(ACCESS, content))
    assert list(data["hooks"]) == ["postgresql_databases"]
    first, second = data["hooks"]["postgresql_databases"]
    assert (first["name"], "hostname" in first) == ("oa", False)
    assert second == {
        "name": "oa",
        "hostname": "mariadb",
        "pg_dump_command": "/usr/bin/python3 /usr/local/lib/opspact/dump.py /run/opspact/borgmatic/full/proof mariadb",
    }
    accounts = ["/var/lib/opspact/roles/full", "/var/lib/opspact/roles/full.mariadb"]
    assert data["location"]["source_directories"] == ["/etc", *accounts]
    settings = backup_settings(ACCESS, content, configuration="/etc/opspact/backup/full.yaml")
    assert [settings[word] for word in ("databases", "roles", "users")] == [["oa", "mariadb/oa"], *accounts]


def test_without_databases_and_encryption_nothing_is_said_of_them() -> None:
    data = yaml.safe_load(borgmatic_configuration(OPEN, BackupContent(policy="full", paths=("/etc",))))
    assert "hooks" not in data
    assert data["location"]["source_directories"] == ["/etc"]
    assert "encryption_passcommand" not in data["storage"]
    assert data["storage"]["unknown_unencrypted_repo_access_is_ok"] is True
    assert data["location"]["repositories"] == ["ssh://b@[2001:db8::1]:22/./r"]
    assert "BORG_PASSCOMMAND" not in OPEN.environment


def test_ssh_knows_this_key_and_this_host_key_only_and_asks_nothing() -> None:
    words = ACCESS.ssh_command.split()
    assert words[:3] == ["ssh", "-i", ACCESS.key_path]
    options = dict(word.split("=") for word in words[4::2])
    assert (options["BatchMode"], options["StrictHostKeyChecking"], options["HostKeyAlias"]) == (
        "yes",
        "yes",
        "backup1",
    )
    assert (options["IdentitiesOnly"], options["GlobalKnownHostsFile"]) == ("yes", "/dev/null")


def test_the_settings_of_the_backup_program_name_everything_that_it_proves() -> None:
    settings = backup_settings(ACCESS, CONTENT, configuration="/etc/opspact/backup/full.yaml")
    assert settings == {
        "borgmatic": "/etc/opspact/backup/full.yaml",
        "options": yaml.safe_load(borgmatic_configuration(ACCESS, CONTENT)),
        "repository": ACCESS.url,
        "environment": ACCESS.environment,
        "paths": ("/etc", "/srv/{{x}}"),
        "databases": ["oa"],
        "roles": "/var/lib/opspact/roles/full",
        "users": "",
    }


def test_roles_that_are_below_a_path_are_not_named_twice() -> None:
    for path in ("/var/lib", "/var/lib/opspact/", "/"):
        content = BackupContent(policy="full", paths=(path,), databases=(OA,))
        data = yaml.safe_load(borgmatic_configuration(ACCESS, content))
        assert data["location"]["source_directories"] == [path]
    beside = BackupContent(policy="full", paths=("/var/lib/opspact/rol",), databases=(OA,))
    data = yaml.safe_load(borgmatic_configuration(ACCESS, beside))
    assert data["location"]["source_directories"] == ["/var/lib/opspact/rol", "/var/lib/opspact/roles/full"]
