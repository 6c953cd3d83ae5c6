#!/usr/bin/env bash
# A host's interpreter of two words: one path for Ansible, a program with an argument for mitogen.
#
# What:     ansible-core 2.19.14 and mitogen 0.3.54, `ansible_python_interpreter: /bin/sh WRAPPER` (WRAPPER is a shell
#           script that becomes Python), connection local, the same playbook twice.
# Expected: both fail, or both work: the variable is Ansible's, and mitogen is documented as a drop-in strategy.
# Seen:     with Ansible's own strategy the module fails: the two words are quoted, and the shell looks for a file of
#           that name. With mitogen's the words are split, and the module runs.
# So:       a wrapper around the interpreter has to be an executable file of its own, whatever mounts are noexec; what
#           works with one strategy is not what works with the other.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried.
set -euo pipefail
work=$(mktemp -d)
python3 -m venv "$work/venv" || exit 2
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14 mitogen==0.3.54 || exit 2
printf '%s\n' '#!/bin/sh' "exec '$work/venv/bin/python' \"\$@\"" >"$work/wrapper"
cat >"$work/play.yaml" <<PLAY
- hosts: localhost
  gather_facts: false
  connection: local
  vars: {ansible_python_interpreter: /bin/sh $work/wrapper}
  tasks: [{ansible.builtin.ping: {}}]
PLAY
strategies=$("$work/venv/bin/python" -c \
  'import ansible_mitogen, os; print(os.path.join(os.path.dirname(ansible_mitogen.__file__), "plugins", "strategy"))')

play() { # STRATEGY: print what came of it
  if ANSIBLE_STRATEGY_PLUGINS=$strategies ANSIBLE_STRATEGY=$1 ANSIBLE_LOCALHOST_WARNING=false HOME=$work \
    ANSIBLE_DEPRECATION_WARNINGS=false "$work/venv/bin/ansible-playbook" -i localhost, "$work/play.yaml" >"$work/$1.log" 2>&1
  then echo ok; else echo failed; fi
}
linear=$(play linear) mitogen=$(play mitogen_linear)
printf 'ansible-core 2.19.14: %s\nwith mitogen 0.3.54: %s\n' "$linear" "$mitogen"
grep -m1 -oE "sh: [^\\]*not found" "$work/linear.log" || true
[ "$linear $mitogen" = "failed ok" ]
