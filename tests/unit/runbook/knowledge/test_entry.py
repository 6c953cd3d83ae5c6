"""What of runbooks and emergencies can be found."""

from pathlib import Path

from opspact.resolve.contract import resolve
from opspact.runbook.knowledge.entry import EntryKind, entries_of
from opspact.schema.contract_files import read_tree

CONTRACT = Path(__file__).parents[3] / "golden" / "commands" / "contract"
RUNBOOKS = """\
kind: runbook
name: one
clauses: [C1]
text: {zh: 标题, en: Title}
symptoms: {zh: [故障], en: [fault]}
risk: read-only
hosts: all
preconditions:
  - text: {zh: 前提, en: Precondition text}
    check: [{file: {path: /precondition-path}}]
steps:
  - {name: s1, text: {en: Step text}, command: [cat, /command-path]}
  - {name: s2, text: {en: Second}, script: "cat /script-path\\n"}
  - {name: s3, text: {en: Third}, ansible: [{ansible.builtin.stat: {path: /ansible-path}}]}
  - {name: s4, text: {en: Fourth}, manual: {zh: 动手, en: Manual text}}
---
kind: emergency
name: two
clauses: [C1]
text: {zh: 紧急, en: Emergency title}
symptoms: {en: [smoke]}
prevention: [{by_hand: {en: Prevention text}}, {service: note}]
handling: {zh: 处理, en: Handling text}
runbook: one
"""


def test_an_entry_has_the_texts_and_commands_of_steps_of_prevention_and_handling() -> None:
    files = read_tree(CONTRACT)
    emergency, runbook = entries_of(resolve({**files, "runbooks/all.yaml": RUNBOOKS.encode()}))

    assert (runbook.kind, runbook.name, runbook.runbook) == (EntryKind.RUNBOOK, "one", "one")
    assert runbook.every_symptom == ("故障", "fault")
    wanted = ("前提", "Precondition text", "Step text", "动手", "Manual text")
    assert [text for text in wanted if text not in runbook.text] == []
    assert [path for path in ("/command-path", "/script-path", "/ansible-path") if path not in runbook.text] == []

    assert (emergency.kind, emergency.name, emergency.runbook) == (EntryKind.EMERGENCY, "two", "one")
    wanted = ("Prevention text", "service/note", "处理", "Handling text", "one")
    assert [text for text in wanted if text not in emergency.text] == []
