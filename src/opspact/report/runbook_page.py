"""A runbook as a document: what it is for, what it asks, each step with what follows.

Comes in: a runbook, the contract. Goes out: a page in one of the contract's languages.
"""

import json
import shlex
from collections.abc import Iterable, Iterator
from typing import assert_never

from opspact.ledger.codec import to_data
from opspact.model.contract import Contract
from opspact.model.policies.runbook import Runbook, RunbookStep, StepHosts
from opspact.model.runbook_actions import (
    Action,
    AnsibleAction,
    ApproveAction,
    BackupAction,
    CallAction,
    CheckAction,
    CommandAction,
    FabricAction,
    ManualAction,
    NotifyAction,
    RestoreAction,
    RunbookCheck,
    ScriptAction,
    WaitAction,
)
from opspact.model.text import Text
from opspact.report import document_words as say
from opspact.report.page import Block, Fields, Output, Page, Table, Title
from opspact.report.runbook_words import condition_words
from opspact.structs import Struct
from opspact.text.names import list_names

_MOST_HOSTS = 12
_Other = ManualAction | ApproveAction | NotifyAction | BackupAction | RestoreAction | CallAction


def runbook_page(runbook: Runbook, contract: Contract, language: str) -> Page:
    """Given a runbook of a contract and `zh-CN` or `en`, return it as a document."""
    return _Writer(runbook, contract, language).page()


class _Writer(Struct):
    """Writes one runbook."""

    runbook: Runbook
    contract: Contract
    language: str

    def page(self) -> Page:
        blocks = [*self._summary(), *self._inputs(), *self._preconditions(), *self._steps(), *self._evidence()]
        title = f"{self._say(say.RUNBOOK)}: {self._say(self.runbook.text)}"
        return Page(title, self.language, tuple(blocks))

    def _say(self, text: Text) -> str:
        return text.in_language(self.language)

    def _fields(self, rows: Iterable[tuple[Text, str]]) -> Fields:
        return Fields(tuple((self._say(label), value) for label, value in rows if value))

    def _summary(self) -> Iterator[Block]:
        book, known = self.runbook, self.contract.clauses
        clauses = (f"{name} {self._say(known[name].text)}" if name in known else name for name in book.origin.clauses)
        symptoms = book.symptoms.zh if self.language == "zh-CN" else book.symptoms.en
        without = book.without_restore_point
        yield self._fields(
            (
                (say.NAME, book.name),
                (say.RISK, self._say(say.RISKS[book.risk])),
                (say.CLAUSES, "; ".join(clauses)),
                (say.SYMPTOMS, "; ".join(symptoms or book.symptoms.zh or book.symptoms.en)),
                (say.HOSTS, list_names(list(book.hosts), _MOST_HOSTS)),
                (say.MAX_TARGETS, str(book.max_targets)),
                (say.IN_BLACKOUTS, self._say(say.REFUSED) if book.refuses_blackouts else ""),
                (say.RESTORE_POINT, ", ".join(book.restore_points)),
                (say.NO_RESTORE_POINT, self._say(without) if without else ""),
            )
        )

    def _inputs(self) -> Iterator[Block]:
        if not self.runbook.inputs:
            return
        yield Title(self._say(say.INPUTS))
        rows = []
        for name, each in self.runbook.inputs.items():
            asked = each.question
            form = asked.pattern or ", ".join(asked.choice) or list_names(list(each.hosts), _MOST_HOSTS)
            form = f"{self._say(say.SECRET)}: {each.secret}" if each.secret else form
            rows.append((name, self._say(asked.text), form, asked.default or ""))
        head = (say.NAME, say.PURPOSE, say.FORM, say.DEFAULT)
        yield Table(tuple(map(self._say, head)), tuple(rows))

    def _preconditions(self) -> Iterator[Block]:
        if not self.runbook.preconditions:
            return
        yield Title(self._say(say.STAGES["preconditions"]))
        rows = [
            (self._say(each.text), "; ".join(map(check_words, each.checks)), _hosts(each.hosts))
            for each in self.runbook.preconditions
        ]
        yield Table(tuple(map(self._say, (say.PURPOSE, say.CHECKED, say.HOSTS))), tuple(rows))

    def _steps(self) -> Iterator[Block]:
        yield Title(self._say(say.STEPS))
        for number, step in enumerate(self.runbook.steps, start=1):
            yield Title(f"{number}. {step.name}: {self._say(step.text)}", 3)
            yield self._fields(self._about(step))
            yield from self._texts(step.action)
            if step.rollback_action is not None:
                yield self._fields([(say.ROLL_BACK, self._action(step.rollback_action))])
                yield from self._texts(step.rollback_action)

    def _about(self, step: RunbookStep) -> Iterator[tuple[Text, str]]:
        yield say.ACTION, self._action(step.action)
        yield say.HOSTS, _hosts(step.hosts)
        yield say.ONLY_IF, condition_words(step.when, self.language)
        yield (
            say.VALUES,
            "; ".join(f"{name} ({each.expression or each.source})" for name, each in step.captures.items()),
        )
        yield say.SUCCEEDS_IF, condition_words(step.asserted, self.language)
        yield say.TIMEOUT, step.timeout.text
        yield say.RETRIES, f"{step.retries} ({step.retry_after.text})" if step.retries else ""
        yield say.DESTROYS, self._say(say.YES) if step.destructive else ""
        yield say.ON_FAILURE, f"{self._say(say.FAILURES[step.on_failure])} {step.goto}".strip()

    def _action(self, action: Action) -> str:
        """Return an action in one line."""
        match action:
            case CommandAction():
                said = f"{shlex.join(action.run)}{_as(action.user)}"
            case ScriptAction():
                said = f"{self._say(say.SCRIPT)}{_as(action.user)}"
            case AnsibleAction():
                said = "Ansible"
            case FabricAction():
                said = f"fabric {action.task}({', '.join(f'{name}={it}' for name, it in action.arguments.items())})"
            case CheckAction():
                said = "; ".join(map(check_words, action.checks))
            case WaitAction():
                said = f"{'; '.join(map(check_words, action.checks))} ({action.every.text})"
            case _:
                said = self._other(action)
        return said

    def _other(self, action: _Other) -> str:
        match action:
            case ManualAction():
                asked = (f"{name}: {self._say(each.text)}" for name, each in action.questions.items())
                parts = (self._say(action.text), *asked, *([action.attach] if action.attach else []))
                said = f"{self._say(say.MANUAL)}: {'; '.join(parts)}"
            case ApproveAction():
                said = f"{self._say(say.APPROVAL)}: {action.approval}"
            case NotifyAction():
                said = f"{self._say(say.RECIPIENT)}: {action.recipient}: {self._say(action.message)}"
            case BackupAction():
                said = f"backup {action.backup}"
            case RestoreAction():
                what, where = action.database or ", ".join(action.files), action.new_name or action.folder
                said = " ".join(filter(None, ("restore", action.backup, what, "→", where, action.at)))
            case CallAction():
                given = (f"{name}={text}" for name, text in action.inputs.items())
                said = " ".join((f"{self._say(say.RUNBOOK)}: {action.runbook}", *given))
            case _:
                assert_never(action)
        return said

    def _texts(self, action: Action) -> Iterator[Block]:
        """Yield what an action has of more than one line."""
        if isinstance(action, ScriptAction):
            yield Output(self._say(say.SCRIPT), action.script)
        if isinstance(action, AnsibleAction):
            yield Output("Ansible", json.dumps(json.loads(action.tasks), indent=2, ensure_ascii=False))

    def _evidence(self) -> Iterator[Block]:
        if self.runbook.evidence:
            yield Title(self._say(say.EVIDENCE))
            yield Fields(tuple((name, self._say(text)) for name, text in self.runbook.evidence.items()))


def check_words(check: RunbookCheck) -> str:
    """Given a check, return it in one line: what is asked, and all that it has to be."""
    asked = {name: value for name, value in to_data(check).items() if value not in (None, "", [])}
    kind = type(check).__name__.removesuffix("Check").lower()
    return f"{kind} {', '.join(_said(name, value) for name, value in asked.items())}"


def _said(name: str, value: object) -> str:
    match value:
        case list():
            return shlex.join(map(str, value))
        case bool():
            return name if value else f"not {name}"
        case dict():
            given = {key: it for key, it in value.items() if it not in (None, [])}
            return f"{name} {json.dumps(given, ensure_ascii=False)}"
        case _:
            return str(value) if name in {"name", "path", "url"} else f"{name} {value}"


def _hosts(hosts: StepHosts) -> str:
    return f"{{{{ {hosts.input} }}}}" if hosts.input else list_names(list(hosts.names), _MOST_HOSTS)


def _as(user: str) -> str:
    return f" ({user})" if user else ""
