"""Words of runbooks in the languages of customers: kinds of steps, conditions, what follows a failure.

Comes in: parts of runbooks, a language. Goes out: words.
"""

from collections.abc import Iterator, Mapping

from opspact.model.condition import Comparison, Condition
from opspact.model.text import Text

CHINESE = "zh-CN"

_WORDS: Mapping[str, Text] = {
    "ansible": Text("Ansible 任务", "ansible"),
    "approve": Text("审批", "approval"),
    "ask": Text("失败时询问操作员", "asks the operator if it fails"),
    "backup": Text("备份", "backup"),
    "check": Text("检查", "check"),
    "command": Text("命令", "command"),
    "continue": Text("失败后继续", "continues if it fails"),
    "destructive": Text("破坏性", "destructive"),
    "done": Text("完成", "done"),
    "fabric": Text("fabric 任务", "fabric"),
    "failed": Text("失败", "failed"),
    "manual": Text("人工", "manual"),
    "no": Text("否", "no"),
    "notify": Text("通知", "notice"),
    "preconditions": Text("前提条件", "preconditions"),
    "restore": Text("恢复", "restore"),
    "restore point": Text("恢复点", "restore point"),
    "rollback": Text("回滚", "rollback"),
    "runbook": Text("操作手册", "runbook"),
    "script": Text("脚本", "script"),
    "start": Text("开始", "start"),
    "wait": Text("等待", "wait"),
    "yes": Text("是", "yes"),
}


def label(word: str, language: str) -> str:
    """Given a word of ours, return it in a language."""
    return _WORDS[word].in_language(language)


def condition_words(condition: Condition, language: str) -> str:
    """Given a condition, return it in a language; empty when it always holds."""
    if language != CHINESE:
        return condition.words()
    return " 或 ".join(
        " 且 ".join(f"{term.name} {'，'.join(_chinese(term.comparison))}" for term in terms)
        for terms in condition.alternatives
    )


def _chinese(comparison: Comparison) -> Iterator[str]:
    for said_of, words in (
        (comparison.equals is not None, f"为“{comparison.equals}”"),
        (comparison.differs_from is not None, f"不为“{comparison.differs_from}”"),
        (bool(comparison.one_of), f"为 {'、'.join(comparison.one_of)} 之一"),
        (comparison.contains is not None, f"包含“{comparison.contains}”"),
        (comparison.matches is not None, f"匹配“{comparison.matches}”"),
        (comparison.above is not None, f"大于 {comparison.above}"),
        (comparison.below is not None, f"小于 {comparison.below}"),
    ):
        if said_of:
            yield words
