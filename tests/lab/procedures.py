"""Runbooks, approvals and people for the tests of runs on real hosts."""

RUNBOOKS = """\
kind: runbook
name: words
text: {zh: 文字, en: Words stay what they are}
risk: reversible
hosts: web
limits: {max_targets: 2}
without_restore_point: {zh: 没有数据, en: no data is changed}
inputs:
  word: {text: {en: a word}, pattern: ".*"}
steps:
  - name: as-argument
    text: {zh: 参数, en: as an argument}
    command: [printf, "%s|", "{{ word }}", 甲 乙]
    capture: {printed: {output: true}}
  - name: as-variable
    text: {zh: 变量, en: as a variable}
    script: |
      printf '%s|%s' "$word" "$host"
    assert: {output: {contains: 中文}}
  - name: as-fact
    text: {zh: 事实, en: as a variable of Ansible}
    ansible:
      - ansible.builtin.copy: {dest: /srv/word, content: "{{ word }}", mode: "0644"}
    rollback: {command: [rm, -f, /srv/word]}
  - name: compared
    text: {zh: 比较, en: it is what it was}
    command: [cmp, -s, /srv/word, "-"]
    stdin: "{{ word }}"
  - name: user
    text: {zh: 账号, en: another account}
    command: [id, -un]
    user: nobody
    assert: {output: nobody}
---
kind: runbook
name: once
text: {zh: 一次, en: Something that must not be done twice}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - name: before
    text: {zh: 之前, en: before}
    command: [sh, -c, "echo before >>/srv/once; hostname"]
    capture: {name: {output: true}}
  - name: charge
    text: {zh: 扣款, en: charge}
    script: |
      echo charged >>/srv/once
      sleep 10
  - name: after
    text: {zh: 之后, en: after}
    command: [sh, -c, "echo after $0 >>/srv/once", "{{ name }}"]
---
kind: runbook
name: charges
text: {zh: 多次扣款, en: Charges}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
CHARGES---
kind: runbook
name: limited
text: {zh: 限时, en: A time limit}
risk: reversible
hosts: web
limits: {max_targets: 2}
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - name: slow
    text: {zh: 慢, en: slow}
    script: |
      sleep 4242 & sleep 4242
    timeout: 2s
---
kind: runbook
name: borders
text: {zh: 边界, en: Stops at a border}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - {name: one, text: {zh: 一, en: one}, command: [sh, -c, "echo one >>/srv/borders; sleep 3; echo end >>/srv/borders"]}
  - {name: two, text: {zh: 二, en: two}, command: [sh, -c, "echo two >>/srv/borders"]}
---
kind: runbook
name: secretive
text: {zh: 密码, en: A secret goes in}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
inputs:
  password: {text: {en: the password}, secret: "secret:vault:borg"}
steps:
  - name: shows-it
    text: {zh: 显示, en: shows it}
    script: |
      echo "it is $password"
      printf '%s\\n' "$PGPASSWORD" >&2
      cat
    environment: {PGPASSWORD: "{{ password }}"}
    stdin: "{{ password }}\\n"
    capture: {shown: {output: true}}
  - name: tasks
    text: {zh: 任务, en: tasks}
    ansible:
      - name: Compare the password
        ansible.builtin.assert: {that: [password | length > 8]}
        no_log: true
  - name: fails
    text: {zh: 失败, en: fails with it}
    script: |
      echo "wrong password $password" >&2
      exit 9
"""
AGREED = """\
kind: runbook
name: {name}
text: {{zh: 须经同意, en: Agreed}}
risk: reversible
hosts: web
without_restore_point: {{zh: 没有数据, en: no data is changed}}
steps:
  - {{name: before, text: {{zh: 之前, en: before}}, command: [sh, -c, "echo before >>/srv/{name}"]}}
  - {{name: agree, text: {{zh: 同意, en: agree}}, approve: {name}}}
  - {{name: after, text: {{zh: 之后, en: after}}, command: [sh, -c, "echo after >>/srv/{name}"]}}
"""
APPROVAL = """\
kind: approval
name: {name}
needs: {{role: customer, count: 1, not_requester: true, expires: {expires}}}
"""
PERSON = """\
kind: person
name: {name}
text: {{zh: 人, en: {name}}}
teams: [customer]
from: 2026-01-01
channels: {{mobile: "1"}}
signing_keys: [{{key: {key}}}]
"""
TEAM = """\
kind: team
name: customer
text: {zh: 用户, en: Customer}
headcount: {min: 0, max: 9}
duties: [{zh: 使用, en: use}]
"""
