"""Commands that are known to read only, and their relatives that are not."""

import shlex

import pytest

from opspact.analyse.shell.read_only_commands import is_plain_variable, only_reads, script_only_reads

READING = r"""
uptime
/usr/bin/df -h /
df --output=pcent / | tail -n 1 | tr -dc 0-9
ps aux --sort=-%mem | head -n 5 2>/dev/null
grep -c 'error$' /var/log/nginx/error.log
grep "$word" /etc/passwd >/dev/null 2>&1 && echo found || echo missing
if [ -e /etc/nginx ]; then ls /etc/nginx; fi
LC_ALL=C sort -rn -k 2,2 /etc/passwd
cd /srv && du -sh *
folder=/srv; ls "${folder}"
systemctl status --no-pager nginx.service
systemctl is-active "nginx.service"
systemctl show -p ActiveState --value nginx.service
systemctl --failed --no-legend
journalctl --unit nginx.service --lines=20 --no-pager -p err
find /var/log -name '*.log' -size +1G
awk '{print $1}' /proc/loadavg
ip -br addr show
ip route get 192.0.2.1
ss -tln
docker ps --all
dpkg -l nginx
openssl x509 -in /etc/ssl/x.pem -noout -enddate
date +%s
date -u
systemctl --no-pager status -p ActiveState nginx.service
systemctl --failed
find /srv/* -name "*.log" -size '+1'G
sort /var/log/*.log
[ "$word" = x ] && [ ! -e "/srv/$word" ] && [ -n "$word" ]
printf '%s\\n' "$word"
cat /srv/$word/x "$word"
cat /proc/meminfo /dev/null
cat /dev/shm/file
cd / && ls
hostname -f
sysctl -n vm.swappiness
command -v nginx
! pgrep nginx
"""
WRITING = r"""
rm -rf /srv
touch /tmp/x
/opt/oa/report
/tmp/evil/cat /etc/passwd
./cat x
nginx -t
ls > /etc/motd
ls >/dev/nullx
ls >> x
ls & rm x
echo `rm x`
echo "`rm x`"
echo $(rm x)
echo "$(rm x)"
cat <(rm x)
cat /dev/ttyS0
echo $'\'; rm x #'
# it's\nrm x\n#'
echo '# it' # '
ls \
ls; { rm x; }
cat() { rm "$1"; }
ls |& rm
PATH=/tmp ls
LD_PRELOAD=/tmp/x.so ls
$program x
sort x ';' ls -o x
sort -o x x
sort -ro x x
sort "$words" x
sort * x
sort --compress-program=/tmp/x x
find / -delete
find / -exec rm {} +
find / -fprint x
find $words
systemctl restart nginx
systemctl -p status restart nginx
systemctl status -H host nginx
journalctl --vacuum-size=1M
journalctl --rotate
journalctl --cursor-file=x
ip a a 192.0.2.1 dev eth0
ip addr add 192.0.2.1 dev eth0
ip link set eth0 down
ip netns exec blue rm x
ss -K dst 192.0.2.1
docker restart oa
docker exec oa ls
dpkg -i x.deb
dpkg -l --pre-invoke=x
rpm -qa --pipe x
openssl x509 -in x -out y
date -s 10:00
date 01010000
hostname app2
sysctl vm.swappiness=1
sysctl -w vm.swappiness=1
sysctl -p
uniq x y
dmesg -C
awk '{print > "x"}' y
awk 'BEGIN {system("rm x")}'
awk 'system("rm x")'
awk "{print $x}" y
awk -f x
printf -v PATH /tmp
test -v "$word"
systemctl --failed restart nginx
systemctl --failed -p status restart nginx
systemctl --no-pager --property status restart nginx
sort "-"* x
sort ''* x
sort x "x"*
sort x -{o,x}
sort x ~
find "/srv"* x
find ""/srv*
awk /srv/*
awk 'BEGIN {ARGV[1] = "/d" "ev/x"}'
echo $[a[0]]
echo "$[a[0]]"
[ "$word" ]
[ "$word" x ]
[ $word = x ]
[ x "$word" y ]
[ -n "$word" -a -n "$word" ]
[ * ]
test "$word" x
test -R x
printf "$word" x
printf -- "$word" x
printf "%s$word" x
printf %n PATH
printf * x
cd /dev && cat watchdog
cd //dev; cat watchdog
cd /srv/../dev
cd /./dev
cd /proc/self
cd "$word"
cd $word
cd ~
cd /d*v
cd srv
cd
cat /d*v/watchdog
cat /?ev/watchdog
cat /[d]ev/watchdog
cat /{dev,srv}/watchdog
cat /*/watchdog
cat /srv/../d*v/watchdog
cd /; cat dev/watchdog
cd /; cat d*v/watchdog
cd /; cat -- */watchdog
cat /dev/null/../watchdog
cat /dev/shm/../watchdog
cat /proc/kmsg
cat /proc/k*
cat /proc/self/fd/3
cat /sys/kernel/tracing/trace_pipe
folder=/dev; cat $folder/watchdog
folder=/d; cat "${folder}ev/watchdog"
folder=/dev; cat "$folder"
env ls
xargs ls
sudo ls
sed -i s/a/b/ x
tee x
curl -X DELETE http://localhost/x
timeout 5 ls
eval ls
. /etc/profile
exec ls
"""


def lines(text: str) -> list[str]:
    return [each.replace("\\n", "\n") for each in text.strip().splitlines()]


@pytest.mark.parametrize("script", lines(READING))
def test_what_only_reads_is_known(script: str) -> None:
    assert script_only_reads(script)
    assert only_reads(["/bin/sh", "-ec", script])


@pytest.mark.parametrize("script", lines(WRITING))
def test_what_may_do_more_is_not(script: str) -> None:
    assert not script_only_reads(script)
    assert not only_reads(["sh", "-c", script])


@pytest.mark.parametrize(
    "command",
    ["rm -rf /srv", "sort -o x x", "systemctl stop x", "sh x", "sh -x -c ls", "sh -c", "cat /proc/kmsg"],
)
def test_a_command_is_read_word_by_word(command: str) -> None:
    assert not only_reads(shlex.split(command))


@pytest.mark.parametrize(
    "command",
    ["systemctl --failed restart nginx", "systemctl -p status restart nginx", "systemctl -H host status x"],
)
def test_an_option_of_systemctl_is_no_verb(command: str) -> None:
    assert not only_reads(shlex.split(command))


def test_words_of_a_command_are_no_syntax() -> None:
    assert only_reads(["echo", "$(rm x)", ">", "/etc/motd"])
    assert only_reads(["find", "/srv", "-name", "*.log"])
    assert not only_reads([])


@pytest.mark.parametrize("name", ["unit", "LC_ALL", "TZ"])
def test_a_variable_that_no_program_takes_for_a_setting(name: str) -> None:
    assert is_plain_variable(name)


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "BASH_ENV", "IFS"])
def test_a_variable_that_is_a_setting(name: str) -> None:
    assert not is_plain_variable(name)
