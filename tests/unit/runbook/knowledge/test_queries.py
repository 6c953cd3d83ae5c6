"""Queries over the reference contract, each with the runbook that an operator needs: the first match names it."""

import pytest

from opspact.runbook.knowledge.search import KnowledgeBase

SYSTEMD = """\
Oct 12 03:11:09 web1 systemd[1]: nginx.service: Main process exited, code=exited, status=1/FAILURE
Oct 12 03:11:09 web1 systemd[1]: nginx.service: Failed with result 'exit-code'.
Oct 12 03:11:09 web1 systemd[1]: Failed to start nginx.service - A high performance web server and a reverse proxy
"""
NGINX = """\
2026/11/30 03:12:44 [emerg] 1234#1234: bind() to 0.0.0.0:80 failed (98: Address already in use)
nginx: configuration file /etc/nginx/nginx.conf test failed
"""
RELATION = """\
ERROR:  relation "document" does not exist
LINE 1: SELECT count(*) FROM document;
                             ^
"""
PSQL = """\
psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory
\tIs the server running locally and accepting connections on that socket?
"""
OOM = (
    "Nov 30 03:00:01 app1 kernel: Out of memory: Killed process 4242 (java) total-vm:8123456kB, anon-rss:4012345kB, "
    "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:9000kB oom_score_adj:0"
)
DISK = """\
[ 8123.112] ata1.00: failed command: READ FPDMA QUEUED
[ 8123.114] blk_update_request: I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0
"""
FULL = (
    '2026-11-30 03:12:44.120 CST [4242] PANIC:  could not write to file "pg_wal/xlogtemp.4242": No space left on device'
)
COLOURED = "\x1b[1;31mError:\x1b[0m 500 Internal Server Error\r\nnginx/1.22.1"

QUERIES = {
    "数据库 连接 失败": "repair-application",
    "数据丢失": "restore-database",
    "昨天录入的数据丢失了，怎么办？": "restore-database",
    "无法启动": "reinstall-application",
    "无发启动": "reinstall-application",  # 法 typed as 发
    "死机": "relieve-operating-system",
    "磁盘满了怎么办": "relieve-operating-system",
    "硬盘故障": "replace-hardware",
    "服务器 down 了": "replace-hardware",
    "误删了合同文件": "undo-mistake",
    "配置文件 损坏": "restore-configuration",
    "浏览器打不开控件": "repair-browser",
    "页面打开是空白的": "repair-browser",
    "网速很慢": "examine-traffic-and-logins",
    "web1 闪退 crashes": "repair-application",
    "用户反映今天早上开始OA系统特别慢，点开一个公文要一分多钟": "relieve-operating-system",
    "领导的电脑双击OA图标没有反应": "reinstall-application",
    "服务器指示灯变红报警了": "replace-hardware",
    "有陌生人登录": "examine-traffic-and-logins",
    "disk full": "relieve-operating-system",
    "dsik ful": "relieve-operating-system",
    "ＤＩＳＫ　ＦＵＬＬ": "relieve-operating-system",
    "unknwon logins": "examine-traffic-and-logins",
    "databse corupt": "restore-database",
    "restore-configuration": "restore-configuration",
    SYSTEMD: "reinstall-application",
    NGINX: "reinstall-application",
    RELATION: "restore-database",
    PSQL: "repair-application",
    OOM: "relieve-operating-system",
    DISK: "replace-hardware",
    FULL: "relieve-operating-system",
    COLOURED: "repair-application",
    "cp: error writing '/srv/data/x': No space left on device": "relieve-operating-system",
    "sshd[812]: Failed password for invalid user admin from 203.0.113.5 port 40022 ssh2": "examine-traffic-and-logins",
    "WARNING:  page verification failed\nERROR:  invalid page in block 17 of relation base/16384/2619": (
        "restore-database"
    ),
    "HTTP/1.1 502 Bad Gateway": "repair-application",
    "-bash: fork: Cannot allocate memory": "relieve-operating-system",
}


@pytest.mark.parametrize("query", QUERIES)
def test_the_first_match_names_the_runbook_that_is_needed(query: str, reference: KnowledgeBase) -> None:
    first, *_ = reference.search(query).matches

    assert first.entry.runbook == QUERIES[query]


@pytest.mark.parametrize(
    "query", ["打印机卡纸", "printer jam", "db-1", "db3", "192.0.2.77", "???", "", "的", "the of a"]
)
def test_what_the_contract_does_not_know_is_not_found(query: str, reference: KnowledgeBase) -> None:
    assert reference.search(query).matches == ()


def test_nearest_are_symptoms_and_names_that_are_like_the_query(reference: KnowledgeBase) -> None:
    assert "死机" in reference.search("打印机卡纸").suggestions
