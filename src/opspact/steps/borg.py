"""How a host reaches its borg repository on a backup server: URL, ssh command and environment, said once.

In: names and paths. Out: what borg, borgmatic and the on-host backup program are given. See
docs/decisions/0002-backups.md for why each part is as it is.
"""

from opspact.model import names
from opspact.structs import Struct

LOCK_WAIT = 600
"""Seconds that a borg command waits while another one holds the repository."""


class BorgAccess(Struct, kw_only=True):
    """One repository, seen from a client.

    `server` is the backup server's inventory name; its host key is noted under that name, whatever `address` and `port`
    are. The repository's path is relative to a folder that the server chooses by the client's key, so that all clients
    have the same settings. `passphrase_path` is empty for a repository that is openly not encrypted.
    """

    server: str
    address: str
    account: str
    repository: str
    key_path: str
    known_hosts_path: str
    passphrase_path: str
    port: int = 22

    @property
    def url(self) -> str:
        """The repository as borg names it."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"ssh://{self.account}@{address}:{self.port}/./{self.repository}"

    @property
    def encryption(self) -> str:
        """Borg's name of the way in which the repository is encrypted when it is made."""
        return "repokey-blake2" if self.passphrase_path else "none"

    @property
    def passphrase_command(self) -> str:
        """The command that borg asks for the passphrase; empty without encryption."""
        return f"cat {self.passphrase_path}" if self.passphrase_path else ""

    @property
    def ssh_command(self) -> str:
        """The ssh command for borg: this key and this host key only, no questions, and an end to dead connections."""
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "HostKeyAlias": self.server,
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": self.known_hosts_path,
            "GlobalKnownHostsFile": "/dev/null",
            "ConnectTimeout": "10",
            "ServerAliveInterval": "30",
            "ServerAliveCountMax": "10",
        }
        return " ".join([f"ssh -i {self.key_path}", *(f"-o {name}={value}" for name, value in options.items())])

    @property
    def environment(self) -> dict[str, str]:
        """Borg's environment variables; none of them is secret, and each question that borg could ask is answered."""
        passphrase = {"BORG_PASSCOMMAND": self.passphrase_command} if self.passphrase_path else {}
        return {
            "BORG_BASE_DIR": names.BORG_STATE,
            "BORG_CACHE_DIR": names.BORG_CACHE,
            "BORG_RSH": self.ssh_command,
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",  # the server's address may change; its host key may not
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "no" if self.passphrase_path else "yes",
            **passphrase,
        }
