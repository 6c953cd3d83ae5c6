"""One child and its pipes: what a channel holds on to."""

import sys
import time

from opspact.fleet.channel import Channel


def test_what_was_sent_is_not_kept() -> None:
    data = b"x" * 300_000 + b"\n"
    channel = Channel(["/bin/sh", "-c", "head -c 300001 >/dev/null; echo; cat >/dev/null"], limit=1000)
    before = sys.getrefcount(data)
    try:
        channel.exchange(data, lambda: b"\n" in channel.said or None, deadline=time.monotonic() + 30)
        assert sys.getrefcount(data) == before
    finally:
        channel.end(within=0)
