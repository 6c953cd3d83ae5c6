"""The way from a started client to a shell that takes commands.

Comes in: a channel whose process logs in. Goes out: a shell, root's if wanted, set up the same on every host.

Each stage is marked by a random word of its own, because the login's shell may print anything (banners, `fortune`).
The host's clock is read on the way: what its programs write down is to be understood by ours. So is which operating
system it has: on an unknown one nothing is to be tried.
"""

import re
import secrets
import time

from opspact.fleet import operating_system
from opspact.fleet.channel import Channel
from opspact.fleet.connection import Settings
from opspact.fleet.failures import ConnectionState, is_of_ssh
from opspact.fleet.shell_words import word
from opspact.model.time.host_clock import HostClock, host_clock

SETTING = (
    "export LC_ALL=C.UTF-8 LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    "umask 022\ncd /\n"
)
"""What every session's shell reads first."""


_SECONDS = re.compile(rb"\d{1,12}(\.\d{1,9})?")


class InvalidPassword(Exception):  # noqa: N818 - named after what happened
    """sudo asked again after it was given the password."""


class Login:
    """The way from a started client to a shell: logged in, then root, both said by words that only we know."""

    def __init__(self, *, become: bool, settings: Settings, user: str = "", setting: str | None = None) -> None:
        """Given settings, prepare the login. `become`: to root, or `user`. `setting`: in place of SETTING."""
        self.state = ConnectionState.CONNECTING
        self.clock: HostClock | None = None
        """The host's clock, once there is a shell; None: the host does not say."""
        self.refusal = ""
        """Why opspact does not work on the host's operating system, once there is a shell; empty: it does."""
        self._settings = settings
        self._setting = SETTING if setting is None else setting
        self._logged_in, self._ready, self._prompt, self._clock, self._system = (secrets.token_hex(8) for _ in range(5))
        self._prompts = 0
        clock = f"echo {self._clock} \\$(date +%s.%N)"
        system = operating_system.question(self._system)
        shell = f'/bin/sh -c "{clock}; {system}; echo {self._ready}; echo {self._ready} >&2; exec /bin/sh"'
        password = settings.become_password is not None
        sudo = f"sudo -S -p {self._prompt} -k -H" if password else "sudo -n -H"
        # What sudo says is recognised in English alone; what it leaves of its environment is set up again in SETTING.
        if user:
            sudo += f" -u {word(user)}"
            home = f'HOME="$(getent passwd {word(user)} | cut -d: -f6)"'
            root = f'[ "$(id -u)" = 0 ] && exec env {home} runuser -u {word(user)} -- {shell}'
        else:
            root = f'[ "$(id -u)" = 0 ] && exec {shell}'
        root += f"; export LC_ALL=C; exec {sudo} -- {shell}"
        self.script = f"echo {self._logged_in}; {root if become else f'exec {shell}'}"
        """The remote command: one word for the login's shell, which may be csh or fish as well."""

    def follow(self, channel: Channel, *, first_word: float | None = None) -> None:
        """Wait for the shell and set it up. Raise what the channel raises, InvalidPassword when sudo asks twice.

        `first_word`: seconds that the login may take, before whoever logs in becomes root; None: no limit of its own.
        """
        deadline = time.monotonic() + self._settings.login_timeout
        data = b""
        if first_word is not None:
            channel.exchange(data, lambda: self._is_logged_in(channel) or None, deadline=time.monotonic() + first_word)
        while channel.exchange(data, lambda: self._seen(channel), deadline=deadline) == self._prompt:
            password = self._settings.become_password
            if self._prompts > 1 or password is None:
                raise InvalidPassword
            data = password.reveal().encode() + b"\n"
        channel.exchange(self._setting.encode(), lambda: True, deadline=deadline)
        channel.said.clear()
        channel.complained.clear()

    def last_words(self, channel: Channel, status: int | None) -> bytes:
        """Given a channel whose process has ended, return what it said about that: ssh, or what ran instead of a shell.

        `status` is the exit status; None: it has not ended yet.
        """
        if self.state is not ConnectionState.CONNECTING or is_of_ssh(status):
            return bytes(channel.complained)
        return bytes(channel.complained + b"\n" + channel.said)

    def _is_logged_in(self, channel: Channel) -> bool:
        """Return whether the login's shell has begun."""
        if self._logged_in.encode() in channel.said:
            self.state = ConnectionState.LOGGED_IN
        return self.state is not ConnectionState.CONNECTING

    def _seen(self, channel: Channel) -> str | None:
        """Return the ready word or a new prompt, when it has come."""
        self._is_logged_in(channel)
        ready = self._ready.encode() + b"\n"
        if ready in channel.said and ready in channel.complained:
            self.state = ConnectionState.READY
            if found := _SECONDS.match(channel.said.partition(f"{self._clock} ".encode())[2]):
                self.clock = host_clock(float(found[0]), time.time())
            self.refusal = operating_system.refusal(self._system, bytes(channel.said))
            return self._ready
        if (prompts := channel.complained.count(self._prompt.encode())) > self._prompts:
            self._prompts = prompts
            return self._prompt
        return None
