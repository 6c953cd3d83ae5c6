"""The customer's existing data: the database `oa` that a contract must look after without having made it.

In: nothing. Out: SQL for psql. Loaded by `machine` once per disk of a host in group db.
"""

CREATE = "DROP DATABASE IF EXISTS oa;\nDROP ROLE IF EXISTS oa;\nCREATE ROLE oa LOGIN;\nCREATE DATABASE oa OWNER oa;\n"

DOCUMENT_TYPES = ("通知", "公告", "请示", "批复", "会议纪要")
URGENCY_LEVELS = (("normal", "平件", 15), ("urgent", "加急", 5), ("top", "特提", 1))
"""Not those of the reference contract: its first apply corrects a row, adds one and removes one."""

SQL = f"""{CREATE}
\\connect oa
SET ROLE oa;
BEGIN;
CREATE TABLE document_type (code text PRIMARY KEY, label text NOT NULL, retired boolean NOT NULL DEFAULT false);
INSERT INTO document_type (code, label) VALUES
  {", ".join(f"('{number:02d}', '{label}')" for number, label in enumerate(DOCUMENT_TYPES, start=1))};
CREATE TABLE urgency_level (code text PRIMARY KEY, label text NOT NULL, days_to_answer integer NOT NULL);
INSERT INTO urgency_level VALUES
  {", ".join(f"('{code}', '{label}', {days})" for code, label, days in URGENCY_LEVELS)};
CREATE TABLE document (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type_code text NOT NULL REFERENCES document_type,
  title text NOT NULL,
  body text NOT NULL,
  author text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO document (type_code, title, body, author, created_at)
SELECT lpad((1 + n % {len(DOCUMENT_TYPES)})::text, 2, '0'), '文件第' || n || '号', repeat('内容 ', 40),
       'clerk' || n % 7, now() - n * interval '22 hours'
FROM generate_series(1, 400) AS n;
CREATE TABLE audit_trail (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id integer NOT NULL REFERENCES document,
  actor text NOT NULL,
  action text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO audit_trail (document_id, actor, action, created_at)
SELECT 1 + n % 400, 'clerk' || n % 7, (ARRAY['read', 'write', 'sign', 'send'])[1 + n % 4],
       now() - n * interval '10 hours'
FROM generate_series(1, 900) AS n;
CREATE INDEX audit_trail_created_at ON audit_trail (created_at);
CREATE TABLE sent_notice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id integer NOT NULL REFERENCES document,
  recipient text NOT NULL,
  note text,
  sent_at timestamptz NOT NULL
);
INSERT INTO sent_notice (document_id, recipient, note, sent_at)
SELECT 1 + n % 400, 'office' || n % 11, CASE WHEN n % 3 = 0 THEN '已阅' END, now() - n * interval '20 hours'
FROM generate_series(1, 800) AS n;
CREATE INDEX sent_notice_sent_at ON sent_notice (sent_at);
COMMIT;
RESET ROLE;
ANALYZE;
"""
