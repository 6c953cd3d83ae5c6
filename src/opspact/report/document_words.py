"""The words of documents about runbooks, in Chinese and English.

Comes in: nothing. Goes out: texts.
"""

from opspact.ledger.runbook_events import StepOutcome
from opspact.model.policies.runbook import OnFailure, Risk
from opspact.model.text import Text

OUTCOMES = {
    StepOutcome.DONE: Text("完成", "done"),
    StepOutcome.FAILED: Text("失败", "failed"),
    StepOutcome.SKIPPED: Text("跳过", "skipped"),
    StepOutcome.UNKNOWN: Text("未知", "unknown"),
}
STATES = {
    "running": Text("运行中", "running"),
    "waiting": Text("等待中", "waiting"),
    "stopped": Text("已停止", "stopped"),
    "interrupted": Text("已中断", "interrupted"),
    "done": Text("完成", "done"),
    "failed": Text("失败", "failed"),
    "rolled back": Text("已回滚", "rolled back"),
    "abandoned": Text("已放弃", "abandoned"),
}
RISKS = {
    Risk.READ_ONLY: Text("只读", "read-only"),
    Risk.REVERSIBLE: Text("可回滚", "reversible"),
    Risk.DESTRUCTIVE: Text("破坏性", "destructive"),
}
FAILURES = {
    OnFailure.ABORT: Text("中止", "abort"),
    OnFailure.CONTINUE: Text("继续", "continue"),
    OnFailure.GOTO: Text("转到步骤", "go to step"),
    OnFailure.ROLLBACK: Text("回滚", "roll back"),
    OnFailure.ASK: Text("询问操作员", "ask the operator"),
}
STAGES = {
    "preconditions": Text("前提条件", "preconditions"),
    "restore-point": Text("恢复点", "restore point"),
    "close": Text("收尾", "close"),
}
"""The stages that every run has, by their names."""

RECORD = Text("操作手册执行记录", "Record of a runbook")
RUNBOOK = Text("操作手册", "Runbook")
CONTRACT, CLAUSES, RISK = Text("合同", "Contract"), Text("条款", "Clauses"), Text("风险", "Risk")
RUN, STATE, TARGETS = Text("运行编号", "Run"), Text("结果", "State"), Text("目标主机", "Targets")
OPERATOR, BEGAN, ENDED = Text("操作员", "Operator"), Text("开始", "Began"), Text("结束", "Ended")
CURE = Text("恢复用时", "Time to cure")
DRILL, COMMIT, DIGEST = (
    Text("演练", "Drill"),
    Text("策略提交", "Commit of policies"),
    Text("手册摘要", "Runbook digest"),
)
ABANDONED, NOT_ENDED = Text("放弃原因", "Abandoned because"), Text("未结束", "not ended")
OTHER_TEXT = Text(
    "执行时的手册文本已找不到；以下步骤说明取自现在的手册",
    "The text of the runbook that was run was not found; the purposes of steps are those of the runbook as it is now",
)
NO_TEXT = Text(
    "执行时的手册文本已找不到；步骤以台账中的名称列出",
    "The text of the runbook that was run was not found; steps are listed by their names in the ledger",
)
INPUTS, NAME, VALUE = Text("输入", "Inputs"), Text("名称", "Name"), Text("值", "Value")
SECRET = Text("保密", "secret")
ATTEMPTS, ATTEMPT = Text("执行过程", "Attempts"), Text("次数", "Attempt")
INTERRUPTED_IN = Text("中断于步骤", "interrupted in step")
INTERRUPTED, GOING_ON = Text("中断", "interrupted"), Text("进行中", "going on")
OTHER_COMMITS = Text("其中几次使用了其他策略提交", "Some attempts used other commits of the policies")
STEPS, STEP, PURPOSE = Text("步骤", "Steps"), Text("步骤", "Step"), Text("说明", "Purpose")
ROLL_BACK = Text("回滚", "Roll back")
HOST, OUTCOME, CODE = Text("主机", "Host"), Text("结果", "Outcome"), Text("退出码", "Exit code")
CHANGED, YES, NO = Text("是否变更", "Changed"), Text("是", "yes"), Text("否", "no")
UNKNOWN, NOT_CARRIED_OUT = Text("未知", "unknown"), Text("未执行", "not carried out")
TOOK, TRIES, EVENT = Text("用时", "Took"), Text("尝试次数", "Tries"), Text("事件", "Event")
DETAILS = Text("各步骤的记录", "Each step in detail")
ACTION, COMMAND, SCRIPT = Text("动作", "Action"), Text("命令", "Command"), Text("脚本", "Script")
SHA256, OUTPUT, ERRORS = Text("SHA-256", "SHA-256"), Text("输出", "Output"), Text("错误输出", "Error output")
DETAIL, VALUES = Text("原因", "Detail"), Text("取得的值", "Captured values")
HIDDEN = Text("不记录的值", "Values not recorded")
ANSWERS, QUESTION, ANSWER = Text("回答", "Answers"), Text("问题", "Question"), Text("回答", "Answer")
WHO, WHEN, RECIPIENT = Text("人员", "Who"), Text("时间", "When"), Text("通知对象", "Notified")
MESSAGE, NOTICES = Text("内容", "Message"), Text("通知（已记录，未发送）", "Notices (recorded, not sent)")
FOLLOWED_BY = Text("之后", "Followed by")
APPROVALS, ROLES, KEY = Text("审批", "Approvals"), Text("角色", "Roles"), Text("密钥指纹", "Key")
SIGNED, RECEIVED = Text("签名时间", "Signed"), Text("收到时间", "Received")
SIGNATURE, VALID = Text("签名", "Signature"), Text("有效", "valid")
NOT_CHECKED = Text("未核对", "not checked")
ATTACHMENTS, FILE, SIZE = Text("附件", "Attachments"), Text("文件", "File"), Text("大小", "Size")
LEDGER = Text("台账", "Ledger")
FIRST, LAST, COUNT = (
    Text("首个事件", "First event"),
    Text("末个事件", "Last event"),
    Text("本次运行的事件数", "Events of this run"),
)
INTACT = Text(
    "事件链完整：首末事件之间没有任何事件被改动、删除或插入", "The chain from the first to the last event is intact"
)
NOT_INTACT = Text("事件链不完整", "The chain from the first to the last event is not intact")
CHECK = Text(
    "核对方法：opspact ledger verify 检查整个台账；本记录的事件可用上面的编号与哈希在台账导出中找到",
    "To check: opspact ledger verify checks the whole ledger; an export has these events by their numbers and hashes",
)
SIGNATURES, DAY = Text("签字", "Signatures"), Text("日期", "Date")
CUSTOMER, PROVIDER = Text("用户代表", "For the customer"), Text("服务方代表", "For the provider")
NONE = Text("无", "none")
SYMPTOMS, HOSTS, MAX_TARGETS = Text("现象", "Symptoms"), Text("主机", "Hosts"), Text("一次最多主机数", "Hosts at once")
IN_BLACKOUTS, REFUSED = Text("禁止变更时段", "In blackout windows"), Text("拒绝执行", "refused")
RESTORE_POINT = Text("恢复点（备份策略）", "Restore point (backups)")
NO_RESTORE_POINT = Text("不设恢复点的理由", "Without a restore point because")
FORM, DEFAULT, CHECKED = Text("取值", "Form"), Text("默认值", "Default"), Text("检查", "Checks")
ONLY_IF, SUCCEEDS_IF = Text("执行条件", "Only if"), Text("成功条件", "Succeeds if")
TIMEOUT, RETRIES = Text("时限", "Timeout"), Text("重试", "Retries")
DESTROYS, ON_FAILURE = Text("破坏数据", "Destroys data"), Text("失败之后", "On failure")
APPROVAL = Text("审批策略", "Approval")
EVIDENCE = Text("结束所需证据", "Evidence required to close")
MANUAL = Text("人工", "Manual")
