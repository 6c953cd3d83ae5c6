"""Questions of a runbook: answered up front by options, or asked on the terminal.

Comes in: options, a prompt. Goes out: a reply; None where nobody can be asked.
"""

import base64
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from opspact.errors import Refused
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.runbook_events import Attachment
from opspact.model.runbook_actions import Question
from opspact.report.lines import line
from opspact.report.screen import Screen
from opspact.runbook.doors import Prompt, Reply
from opspact.runbook.engine import CONFIRM
from opspact.runbook.request import answer_problem
from opspact.structs import Struct
from opspact.text.suggestions import did_you_mean

_LARGEST = 1 << 20
"""Bytes of a file that is attached."""


class Operator(Struct):
    """Who answers. `answers` by `STEP.QUESTION`, `STEP` or `QUESTION`; `files` by the name of the evidence.

    `holds_secret` says of a file's text whether it must not be recorded.
    """

    answers: Mapping[str, str]
    files: Mapping[str, Path]
    is_asked: bool
    screen: Screen
    holds_secret: Callable[[str], bool] = lambda _text: False

    def ask(self, prompt: Prompt) -> Reply | None:
        """Given a prompt, return what was answered up front, else what the operator says now; None: nobody says it.

        Nobody does once the terminal was closed. Raise Refused when an answer that was given up front does not fit.
        """
        given = self._given(prompt)
        if given is not None:
            if why := answer_problem(prompt.pattern, prompt.choice, given):
                raise Refused(f"the answer to {prompt.step}.{prompt.name} does not fit: {why}")
            return Reply(given, self._attached(prompt), is_up_front=True)
        if prompt.attach and prompt.attach in self.files and prompt.name == prompt.attach:
            return Reply("attached", self._attached(prompt))
        return self._asked(prompt) if self.is_asked else None

    def check(self, questions: Mapping[str, Question], evidence: Iterable[str]) -> None:
        """Given what may be answered and attached, raise Refused for anything else that was given, or for no file."""
        known = tuple(questions)
        if wrong := [name for name in self.answers if name not in known]:
            raise Refused(f"--answer: nothing is asked by the name {wrong[0]}", hint=did_you_mean(wrong[0], known))
        for name, text in self.answers.items():
            if why := answer_problem(questions[name].pattern, questions[name].choice, text):
                raise Refused(f"--answer {name}: {why}")
        if wrong := [name for name in self.files if name not in evidence]:
            raise Refused(f"--attach: there is no evidence {wrong[0]}", hint=did_you_mean(wrong[0], tuple(evidence)))
        for name, path in self.files.items():
            self._attachment(name, path)

    def _given(self, prompt: Prompt) -> str | None:
        names = [f"{prompt.step}.{prompt.name}", *([prompt.step] if prompt.name == CONFIRM else [prompt.name])]
        return next((self.answers[name] for name in names if name in self.answers), None)

    def _asked(self, prompt: Prompt) -> Reply | None:
        self.screen.show([line((f"{prompt.step}  ", "title"), prompt.text, hang=4)])
        while (said := self._read(_question(prompt))) is not None:
            text = said or prompt.default or ""
            if not (why := answer_problem(prompt.pattern, prompt.choice, text)) and text:
                files = self._attached(prompt) if text == "failed" else self._attached(prompt) or self._file(prompt)
                return None if files is None else Reply(text, files)
            self.screen.show([line((why or "an answer is needed", "bad"), indent=2)])
        return None

    def _attached(self, prompt: Prompt) -> tuple[Attachment, ...]:
        path = self.files.get(prompt.attach) if prompt.attach else None
        return (self._attachment(prompt.attach, path),) if path else ()

    def _file(self, prompt: Prompt) -> tuple[Attachment, ...] | None:
        """Ask for the file with the evidence that a prompt wants; None: nobody says it."""
        if not prompt.attach:
            return ()
        while (said := self._read(f"file with {prompt.attach}: ")) is not None:
            try:
                return (self._attachment(prompt.attach, Path(said)),)
            except Refused as error:
                self.screen.show([line((str(error), "bad"), indent=2)])
        return None

    def _attachment(self, name: str, path: Path) -> Attachment:
        """Return a file as it is recorded. Raise Refused when it cannot be read, or must not be recorded."""
        found = attachment(name, path)
        if self.holds_secret(base64.b64decode(found.content).decode("utf-8", "replace")):
            raise Refused(
                f"{path} holds a secret, and what is attached is kept in the ledger", hint="attach a copy without it"
            )
        return found

    def _read(self, question: str) -> str | None:
        """Return what is typed; None: the terminal was closed."""
        sys.stderr.write(question)
        sys.stderr.flush()
        try:
            text = sys.stdin.readline()
        except EndedBySignal:
            sys.stderr.write("\n")
            raise
        if not text:
            self.screen.show([line(), line(("the terminal was closed", "doubt"), indent=2)])
            return None
        return text.strip()


def _question(prompt: Prompt) -> str:
    choice = f" [{'/'.join(prompt.choice)}]" if prompt.choice else ""
    default = f" ({prompt.default})" if prompt.default else ""
    return f"{choice}{default}: ".lstrip()


def attachment(name: str, path: Path) -> Attachment:
    """Given the name of the evidence and a file, return what is recorded. Raise Refused when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise Refused(
            f"{path} is larger than 1 MiB, and what is attached is kept in the ledger", hint="make it smaller"
        )
    return Attachment(name, path.name, hashlib.sha256(data).hexdigest(), len(data), base64.b64encode(data).decode())


def pairs(option: str, given: Iterable[str] | None) -> dict[str, str]:
    """Given an option and its values, each NAME=VALUE, return them by name. Raise Refused for any other."""
    found: dict[str, str] = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise Refused(f"{option}: expected NAME=VALUE, got {text}")
        if name in found:
            raise Refused(f"{option}: {name} is given twice")
        found[name] = value
    return found
