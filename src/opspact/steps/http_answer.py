"""A service answers over HTTP as the policy says: part of what "running normally" means.

In: a URL and what is expected. Out: a step that only checks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.question import ask_program
from opspact.values.secret import Secrets

# Runs on the host, so that "localhost" is the host's own and no port need be open to us.
_REQUEST = """
import http.client,json,sys,time,urllib.parse
url,wanted,within=sys.argv[1],sys.argv[2],float(sys.argv[3])
u=urllib.parse.urlsplit(url)
kind=http.client.HTTPSConnection if u.scheme=="https" else http.client.HTTPConnection
began=time.monotonic()
try:
    c=kind(u.hostname,u.port,timeout=within)
    c.request("GET",(u.path or "/")+("?"+u.query if u.query else ""),headers={"User-Agent":"opspact"})
    r=c.getresponse()
    body=r.read(1048576)
    seen={"status":r.status,"found":wanted.encode() in body}
except (OSError,http.client.HTTPException) as error:
    seen={"error":"%s: %s"%(type(error).__name__,error)}
seen["seconds"]=time.monotonic()-began
print(json.dumps(seen))
"""
_WITHOUT_TLS = f'import sys;sys.modules["ssl"]=None{_REQUEST}'
"""The same without Python's TLS, which costs the host a quarter more to load."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer(Step):
    """GET `url` on the host gives `status`, `contains` in its first MiB, within `within` seconds."""

    kind: ClassVar[str] = "http"
    rank: ClassVar[int] = 90
    question: ClassVar[str] = "does it answer with the expected status and text, in time?"

    url: str
    status: int = 200
    contains: str = ""
    within: float = 2.0

    @property
    def subject(self) -> str:
        """The URL."""
        return self.url

    def tasks(self) -> tuple[Task, ...]:
        """None: an answer depends on packages, files and units."""
        return ()

    def removal(self) -> tuple[Task, ...]:
        """None: there is nothing to remove."""
        return ()

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is wrong with the answer."""
        words = (self.url, self.contains, str(self.within))
        program = _REQUEST if self.url.lower().startswith("https:") else _WITHOUT_TLS
        outcome = ask_program(host, program, *words, failure=f"cannot request {self.url}")
        match json.loads(outcome.stdout):
            case {"error": str(error)}:
                yield f"no answer: {error}"
            case {"status": int(status), "found": bool(found), "seconds": int() | float() as seconds}:
                yield from self._differences(status, found, seconds=seconds)
            case _:
                raise ValueError(f"cannot request {self.url}: unexpected output {outcome.stdout[:200]!r}")

    def _differences(self, status: int, found: bool, *, seconds: float) -> Iterator[str]:
        if status != self.status:
            yield f"status is {status}, expected {self.status}"
        if not found:
            yield f"the answer does not contain {self.contains!r}"
        if seconds > self.within:
            yield f"took {seconds:.1f} s, expected within {self.within:g} s"

    def present(self, host: CheckedHost) -> bool:  # noqa: ARG002 - an answer is not a thing on the host
        """An answer never exists by itself."""
        return False
