"""Search in a knowledge base of 5,000 entries, and SQLite's own MATCH for the same words in the same table.

In: nothing. Out: rows of the table. No lab is needed.
"""

import os
import random
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchkit.measure import Taking
from benchkit.table import Figure, Row
from benchkit.timing import BenchError, Run
from opspact.model.policies.runbook import Symptoms
from opspact.model.text import Text
from opspact.runbook.knowledge.entry import Entry, EntryKind
from opspact.runbook.knowledge.index import expression
from opspact.runbook.knowledge.question import question
from opspact.runbook.knowledge.search import KnowledgeBase

ENTRIES = 5_000
ROUNDS = 20
"""Times that all queries are asked for one measurement."""

_SHOWN = 5
_EXACT = 9
_THINGS = """\
数据库=database;应用服务=application;网页服务器=web server;负载均衡=load balancer;消息队列=message queue;缓存=cache;
文件系统=file system;备份服务器=backup server;邮件系统=mail system;打印服务=print service;防火墙=firewall;交换机=switch;
证书=certificate;域名解析=name resolution;时间同步=time synchronisation;定时任务=scheduled job;虚拟机=virtual machine;
磁盘阵列=disk array;内存=memory;网卡=network interface;日志服务=log service;登录账号=login account;
浏览器控件=browser control;报表系统=report system;办公系统=office system;财务系统=finance system;
考勤系统=attendance system;门户网站=portal"""
_FAULTS = """\
无法启动=does not start;连接失败=connection refused;响应很慢=responds slowly;磁盘已满=no space left on device;
内存不足=out of memory;异常关闭=closes with an error;权限不足=permission denied;数据丢失=data lost;
超时=timed out;证书过期=certificate has expired;配置丢失=configuration lost;主从不同步=replication is behind;
无法登录=cannot log in;页面空白=blank page;校验失败=checksum mismatch;死锁=deadlock detected;
端口被占用=address already in use;文件损坏=file is corrupt;宕机=server down;流量异常=abnormal traffic"""
_ACTIONS = """\
检查服务状态和最近的错误日志=check the state of the service and its latest errors;
确认最近一次备份可用=confirm that the newest backup is usable;
告知用户预计恢复时间=tell the user the expected recovery time;
清理旧的系统日志和软件包缓存=delete old journals and cached packages;
从备份恢复数据并与用户一起抽查=restore the data from the backup and check samples with the user;
重新启动服务并观察十分钟=restart the service and watch it for ten minutes;
联系网络服务商报修=call the network provider;
更换损坏的硬盘并等待同步完成=replace the damaged disk and wait for its synchronisation;
修改策略后重新实施=change the policies and apply them again;
断开受影响主机的网络并保留证据=disconnect affected hosts and keep the evidence;
核对账号和密钥=check accounts and keys;
查看占用资源最多的进程=show the processes that use most resources"""
ERROR_TEXT = """\
2026-11-30 03:12:44.120 CST [4242] FATAL:  the database system is starting up
2026-11-30 03:12:44.901 CST [4243] ERROR:  deadlock detected
DETAIL:  Process 4243 waits for ShareLock on transaction 731; blocked by process 4250.
HINT:  See server log for query details. "/var/log/postgresql"
"""
QUERIES = (
    *("数据库 连接失败", "磁盘已满怎么办", "办公系统打不开页面空白", "证书过期 门户网站"),
    *("connection refused db-17", "ORA-12541", "certificate has expired portal", "10.2.3.4 timed out"),
    ERROR_TEXT,
)


def search(_: Path, taking: Taking) -> list[Row]:
    """Measure searches in a knowledge base, and how long its index takes."""
    bed = Searching()
    taking.turns({"ours": bed.ours, "floor": bed.floor}, at_least=_EXACT)
    work = f"search in {ENTRIES:,} runbooks and cases"
    ours = taking.figure("ours", "`runbook search`", note=f"{len(QUERIES)} queries, {ROUNDS} times")
    floor = taking.figure("floor", "SQLite's MATCH of the same", note="same terms, same table")
    indexed = Figure("the index, built in memory", bed.indexed.seconds)
    return [
        Row(work, ours, floor, 3, at_most=True),
        Row(f"{work}, the index", indexed, Figure("limit", 5), 1, at_most=True),
    ]


@dataclass
class Searching:
    """The knowledge base, and how long it took to index it."""

    base: KnowledgeBase = field(init=False)
    indexed: Run = field(init=False)

    def __post_init__(self) -> None:
        """Index the entries."""
        entries = made_entries(ENTRIES)
        load, start = os.getloadavg()[0], time.perf_counter()
        self.base = KnowledgeBase(entries)
        self.indexed = Run(time.perf_counter() - start, load=load)
        for query in QUERIES:
            if not self.base.search(query).matches:
                raise BenchError(f"nothing was found for {query!r}")

    def ours(self) -> Run:
        """Measure all queries, asked as an operator asks them."""
        load, start = os.getloadavg()[0], time.perf_counter()
        for _ in range(ROUNDS):
            for query in QUERIES:
                self.base.search(query)
        return Run(time.perf_counter() - start, load=load)

    def floor(self) -> Run:
        """Measure SQLite's MATCH for the terms of each query, which it is given: the best ones by its bm25."""
        asked = [expression(question(query, self.base.index, entries=ENTRIES).terms) for query in QUERIES]
        load, start = os.getloadavg()[0], time.perf_counter()
        for _ in range(ROUNDS):
            for matched in asked:
                self.base.index.places(matched, _SHOWN)
        return Run(time.perf_counter() - start, load=load)


def made_entries(number: int) -> tuple[Entry, ...]:
    """Given a number, return so many entries as a desk would have them: each of its own thing, host and error."""
    chosen = random.Random(2026)
    return tuple(_made(place, chosen) for place in range(number))


def _made(place: int, chosen: random.Random) -> Entry:
    (thing, thing_en), (fault, fault_en) = chosen.choice(_pairs(_THINGS)), chosen.choice(_pairs(_FAULTS))
    seen = chosen.sample(_pairs(_FAULTS), 3)
    host, address = f"db-{chosen.randrange(400)}", f"10.{chosen.randrange(9)}.{chosen.randrange(99)}.{place % 250}"
    code = f"ORA-{12_000 + chosen.randrange(900)}"
    steps = chosen.sample(_pairs(_ACTIONS), 8)
    body = [f"{zh}（{host}）\n{en} on {host}, ticket {10_000 + place}" for zh, en in steps]
    return Entry(
        EntryKind.RUNBOOK,
        f"case-{place}",
        Text(f"{thing}{fault}", f"{thing_en}: {fault_en}"),
        Symptoms(
            tuple(f"{thing}{zh}" for zh, _ in seen),
            (*(f"{thing_en} {en}" for _, en in seen), f"{code}: {fault_en} at {address}"),
        ),
        "\n".join([*body, f"ssh {address} journalctl --unit {thing_en.replace(' ', '-')}.service"]),
        f"case-{place}",
    )


@cache
def _pairs(texts: str) -> tuple[tuple[str, str], ...]:
    """Return texts, each in Chinese and English."""
    found = (text.partition("=") for text in texts.replace("\n", "").split(";"))
    return tuple((zh, en) for zh, _, en in found)
