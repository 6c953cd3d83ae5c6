"""Where one command's output ends and the next one's begins.

Comes in: a channel and a command's marker. Goes out: the command's exit status and output.
"""

from opspact.fleet.channel import Channel
from opspact.structs import Struct


class Completed(Struct):
    """What a command gave back."""

    rc: int
    stdout: bytes
    stderr: bytes


class Frame:
    """Finds the end of one command's output in both streams, looking at every byte once."""

    def __init__(self, channel: Channel, marker: bytes, *, noise: bytes) -> None:
        self._channel = channel
        self._end = marker + b" "
        self._error_end = marker + b"\n"
        self._noise = noise  # what others may make the shell say at any time; no part of the result
        self._seen = 0
        self._error_seen = 0

    def completed(self) -> Completed | None:
        """Return the command's result once both markers have come, and take it off the channel."""
        said, complained = self._channel.said, self._channel.complained
        end = said.find(self._end, self._seen)
        self._seen = end if end >= 0 else max(len(said) - len(self._end), 0)
        error_end = complained.find(self._error_end, self._error_seen)
        self._error_seen = error_end if error_end >= 0 else max(len(complained) - len(self._error_end), 0)
        if end < 0 or error_end < 0 or not said.endswith(b"\n"):
            return None
        completed = Completed(
            int(said[end + len(self._end) :]),
            bytes(said[:end]),
            bytes(complained[:error_end].replace(self._noise, b"")),
        )
        said.clear()
        complained.clear()
        return completed
