"""What a command gives away when it may be run as root."""

import pytest

from opspact.analyse.shell.privilege_escalation import describe_escalation

NARROW = [
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/systemctl daemon-reload",
    "/usr/bin/systemctl status --no-pager nginx.service",
    "/usr/bin/journalctl --no-pager --unit nginx.service",
    "/usr/bin/find /srv -name core",
    "/usr/bin/tar -cf /srv/oa.tar /srv/oa",
    "/usr/bin/apt-get update",
    "/usr/bin/crontab -l",
    "/usr/bin/psql -c SELECT",
    "/usr/bin/python3 /usr/local/lib/opspact/inspection.py",
    "/usr/bin/bash /usr/local/sbin/rotate",
    "/usr/bin/shasum",
    "/usr/bin/git --no-pager log",
    "/usr/sbin/reboot",
    "/usr/bin/cp /srv/oa/index.html /srv/oa/index.html.old",
    "/usr/bin/chmod 0644 /srv/oa/index.html",
    "/usr/bin/passwd li-na",
    "/usr/sbin/usermod -L li-na",
    "/usr/bin/apt-get install nginx",
]
WIDE = {
    "ALL": "everything",
    "/bin/bash": "any command",
    "/bin/sh -c id": "any command",
    "/usr/bin/python3": "any command",
    "/usr/bin/python3.11 -m http.server": "any command",
    "/usr/bin/perl /home/li-na/fix.pl": "others can write",
    "/home/li-na/bin/restart": "others can write",
    "/usr/bin/vim /etc/hosts": "editor",
    "/usr/sbin/visudo": "editor",
    "/usr/bin/less /var/log/syslog": "pager",
    "/usr/bin/journalctl": "--no-pager",
    "/usr/bin/systemctl": "--no-pager",
    "/usr/bin/systemctl status nginx": "--no-pager",
    "/usr/bin/systemctl edit nginx.service": "option",
    "/usr/bin/systemctl restart": "no unit",
    "/usr/bin/find /srv -exec id": "option",
    "/usr/bin/find /srv -name core -delete": "option",
    "/usr/bin/tar -cf /dev/null /dev/null --checkpoint-action=exec=sh": "option",
    "/usr/bin/env id": "other programs",
    "/usr/bin/psql": "shell",
    "/usr/bin/docker run image": "containers",
    "/usr/bin/git log": "--no-pager",
    "/usr/bin/crontab -e": "root access",
    "/usr/bin/crontab -u root /srv/x": "root access",
    "/usr/bin/chmod 4755 /bin/bash": "root access",
    "/usr/bin/chmod u+s /bin/bash": "root access",
    "/usr/bin/tee /etc/sudoers.d/x": "root access",
    "/usr/bin/cp /tmp/x /etc/sudoers": "root access",
    "/usr/bin/cat /etc/shadow": "root access",
    "/usr/bin/curl -o /etc/cron.d/x http://localhost/x": "root access",
    "/usr/sbin/usermod -aG sudo li-na": "root access",
    "/usr/bin/passwd": "root access",
    "/usr/bin/passwd root": "root access",
    "/usr/bin/tee": "any file",
    "/usr/bin/dd": "any file",
    "/usr/bin/dpkg -i /tmp/x.deb": "others can write",
    "/usr/bin/apt-get install /home/li-na/x.deb": "others can write",
}


@pytest.mark.parametrize("command", NARROW)
def test_a_command_that_does_one_thing_is_no_wider_than_it_says(command: str) -> None:
    assert describe_escalation(command) == ""


@pytest.mark.parametrize(("command", "why"), WIDE.items())
def test_a_command_that_allows_more_says_why(command: str, why: str) -> None:
    assert why in describe_escalation(command)


NARROW_WITH_ARGUMENTS = """
/usr/bin/docker restart his
/usr/bin/docker ps
/usr/bin/docker logs his
/usr/bin/docker compose restart his
/usr/bin/docker compose -f /opt/his/compose.yml restart his
/usr/bin/docker --context prod restart his
/usr/bin/docker exec his nginx -s reload
/usr/bin/docker image prune -f
/usr/bin/podman restart his
/usr/bin/kubectl get pods
/usr/bin/kubectl -n prod rollout restart deployment/his
/usr/bin/kubectl logs his
/usr/bin/virsh start his
/usr/bin/virsh list --all
/usr/bin/lxc restart his
/usr/bin/machinectl list
/usr/sbin/ip addr show
/usr/sbin/ip route
/usr/sbin/ip netns list
/usr/sbin/ip -br link
/usr/sbin/ip netns exec blue /usr/bin/ping -c 1 gateway
/usr/sbin/ip link set eth0 up
/usr/bin/tar -tf /srv/x.tar
/usr/bin/tar -czf /var/backups/oa.tgz /srv/oa
/usr/bin/tar -xf /var/backups/x.tar -C /var/lib/oa
/usr/bin/tar -xzf /root/x.tgz -C /opt/oa
/usr/bin/unzip -l /home/li/x.zip
/usr/bin/systemctl --no-pager status nginx
/usr/bin/systemctl --now enable nginx.service
/usr/bin/systemctl enable /etc/systemd/system/x.service
/usr/bin/systemctl restart edit-server
/usr/bin/systemctl restart link.service
/usr/bin/systemctl reload nginx
/usr/bin/systemctl is-active nginx
/usr/bin/systemctl mask x.service
/usr/bin/git -C /opt/oa pull
/usr/bin/apt-get -y install nginx
/usr/bin/apt-get install libfoo-o
/usr/bin/apt-get -y upgrade
/usr/sbin/modprobe nf_conntrack
/usr/sbin/modprobe -r usb_storage
/usr/sbin/insmod /lib/modules/6.1.0/x.ko
/usr/sbin/lsmod
/usr/sbin/sysctl -w vm.swappiness=10
/usr/sbin/sysctl --system
/usr/bin/timeout 10 /usr/bin/systemctl restart nginx
/usr/bin/nice -n 10 /usr/bin/rsync -a /srv/a/ /srv/b/
/usr/bin/flock /run/x.lock /usr/local/sbin/rotate
/usr/bin/env LANG=C /usr/bin/systemctl restart his
/usr/bin/sudo -u postgres /usr/local/bin/check
/usr/bin/runuser -u postgres -- /usr/local/bin/check
/usr/bin/mount /mnt/backup
/usr/bin/mount -o remount,ro /
/usr/bin/umount /mnt/backup
/usr/bin/chown -R oa /srv/oa
/usr/bin/chown oa /var/lib/oa
/usr/bin/cp /etc/hosts /srv/hosts
/usr/bin/cp /srv/oa/x /srv/oa/y
/usr/bin/rsync -a --delete /srv/a/ /srv/b/
/usr/bin/mv /srv/a /srv/b
/usr/sbin/nginx -t
/usr/sbin/lvs
/usr/sbin/reboot
/usr/sbin/pcs status
/usr/bin/du -sh /home/li
/usr/bin/cat /var/log/syslog
/usr/bin/journalctl --no-pager -u nginx
/usr/bin/pg_dump oa
/usr/bin/tee /etc/hosts
/usr/bin/tee -a /var/log/oa.log
/usr/bin/tee /proc/sys/vm/drop_caches
/usr/bin/tee /sys/block/sda/queue/scheduler
/usr/bin/tee /root/notes
/usr/bin/dd if=/dev/sda of=/var/backups/sda
/usr/bin/curl -o /opt/oa/x http://localhost/x
/usr/bin/curl -d @/etc/hosts http://localhost/x
/usr/bin/cp /opt/oa/x.service /etc/systemd/system/x.service
/usr/bin/git --git-dir=/opt/oa/.git --work-tree=/opt/oa fetch
/usr/bin/git -C /opt/oa status
/usr/bin/pip list
/usr/bin/pip3 show install
/usr/bin/npm ls
"""
WIDE_WITH_ARGUMENTS = """
/usr/sbin/ip netns exec blue bash
/usr/sbin/ip netns exec blue /bin/sh
/usr/sbin/ip -n blue netns exec x bash
/usr/sbin/ip -all netns exec bash
/usr/sbin/ip vrf exec red bash
/usr/sbin/ip -force -batch /tmp/x
/usr/sbin/ip -b -
/usr/bin/tar -xf /srv/x.tar -C /
/usr/bin/tar -xzf /var/backups/x.tgz -C /
/usr/bin/tar xzf /var/backups/x.tgz -C /etc
/usr/bin/tar -C / -xzf /var/backups/x.tgz
/usr/bin/tar --directory=/ --extract --file=/var/backups/x.tgz
/usr/bin/tar -xPf /var/backups/x.tgz
/usr/bin/tar -xf /home/li/x.tar
/usr/bin/tar -xf x.tar
/usr/bin/tar -x
/usr/bin/tar -xf /tmp/x.tar -C /var/lib/oa
/usr/bin/unzip /var/backups/x.zip -d /
/usr/bin/unzip -o /home/li/x.zip -d /opt/oa
/usr/bin/cpio -idm -D /
/usr/bin/7z x /var/x.7z -o/
/usr/bin/rsync -a /home/li/x/ /
/usr/bin/rsync -a /srv/x/ /etc/
/usr/bin/cp -r /home/li/etc /etc
/usr/bin/cp /tmp/x /usr/local/bin/x
/usr/bin/mv /tmp/x /etc/systemd/system/x.service
/usr/bin/install -m 755 /tmp/x /usr/bin/x
/usr/bin/ln -s /home/li/x /etc/x
/usr/bin/systemctl --no-pager edit nginx
/usr/bin/systemctl --full edit nginx.service
/usr/bin/systemctl link /home/li/x.service
/usr/bin/systemctl --now link /srv/x.service
/usr/bin/systemctl enable /srv/x.service
/usr/bin/systemctl enable --now /home/li/x.service
/usr/bin/systemctl --now enable
/usr/bin/systemctl set-environment LD_PRELOAD=/tmp/x
/usr/bin/systemctl -n 50 status nginx
/usr/bin/systemctl --lines=50 status nginx
/usr/bin/git -C /srv/oa log
/usr/bin/git -C /srv/oa -p status
/usr/bin/git -c core.pager=x log
/usr/bin/apt-get -y -o X=y install nginx
/usr/bin/apt -y changelog x
/usr/bin/docker -H unix:///x run -v /:/mnt alpine
/usr/bin/docker --context prod exec his bash
/usr/bin/docker run -v /:/x alpine
/usr/bin/docker exec his sh
/usr/bin/docker exec -it his bash
/usr/bin/docker compose up -d
/usr/bin/docker cp /tmp/x his:/x
/usr/bin/docker
/usr/bin/docker build .
/usr/bin/docker load -i /tmp/x
/usr/bin/podman run x
/usr/bin/kubectl edit deployment his
/usr/bin/kubectl exec -it his -- bash
/usr/bin/kubectl -n prod exec his -- sh
/usr/bin/kubectl apply -f /srv/x.yaml
/usr/bin/kubectl debug node/x
/usr/bin/kubectl
/usr/bin/lxc exec his bash
/usr/bin/machinectl shell
/usr/bin/machinectl -q shell his
/usr/bin/virsh
/usr/bin/virsh edit his
/usr/bin/virsh --connect qemu:///system console his
/usr/sbin/insmod /home/li/x.ko
/usr/sbin/insmod x.ko
/usr/sbin/insmod /tmp/x.ko
/usr/sbin/insmod
/usr/sbin/modprobe -d /home/li x
/usr/sbin/modprobe -C /tmp/x.conf x
/usr/sbin/modprobe /tmp/x.ko
/usr/sbin/modprobe --dirname=/srv x
/usr/sbin/kexec -l /tmp/x
/usr/sbin/sysctl -w kernel.core_pattern=x
/usr/sbin/sysctl kernel.modprobe=/tmp/x
/usr/sbin/sysctl -p /home/li/x.conf
/usr/bin/nsenter -t 1 -a bash
/usr/bin/nsenter -t 1 -a /bin/ls
/usr/bin/unshare -r bash
/usr/sbin/chroot /srv/x /bin/ls
/usr/bin/systemd-run /bin/bash
/usr/bin/systemd-run -t bash
/usr/bin/env LD_PRELOAD=/tmp/x.so /usr/bin/id
/usr/bin/env PATH=/tmp /usr/bin/id
/usr/bin/env -S bash
/usr/bin/nice -n 5 /bin/bash
/usr/bin/timeout 5 /usr/bin/vim
/usr/bin/timeout 5 bash
/usr/bin/xargs /usr/bin/rm
/usr/bin/find /srv -exec /usr/bin/ls
/usr/bin/sudo -u oa /bin/bash
/usr/bin/flock /run/x /bin/sh
/usr/bin/strace -o /etc/x /usr/bin/id
/usr/bin/chown li /etc/hosts
/usr/bin/chown -R li /
/usr/bin/setfacl -m u:li:rw /etc/hosts
/usr/sbin/setcap cap_setuid+ep /home/li/python
/usr/bin/mount --bind /home/li/x /usr/bin
/usr/bin/mount /home/li/x.img /mnt
/usr/sbin/nginx -c /home/li/x.conf
/usr/bin/ansible all -m shell
/usr/bin/ansible-playbook /srv/x.yml
/usr/bin/socat - EXEC:sh
/usr/bin/pip install -e .
/usr/bin/pip3 install .
/usr/bin/apt-get install ./x.deb
/usr/bin/dpkg -i ./x.deb
/usr/bin/gdb
/usr/bin/python3 -m pdb
/usr/bin/journalctl -u nginx
/usr/bin/scp -S /tmp/x a b:
/usr/sbin/debugfs -w /dev/sda1
/usr/bin/busybox sh
/usr/bin/tee /root/.ssh/authorized_keys
/usr/bin/tee -a /root/.bashrc
/usr/bin/tee /home/admin/.ssh/authorized_keys
/usr/bin/tee /etc/ld.so.preload
/usr/bin/tee /etc/ld.so.conf.d/x.conf
/usr/bin/tee /etc/systemd/system/x.service
/usr/bin/tee /usr/lib/systemd/system/x.service
/usr/bin/tee /etc/profile.d/a.sh
/usr/bin/tee /etc/profile
/usr/bin/tee /etc/environment
/usr/bin/tee /etc/rc.local
/usr/bin/tee /etc/init.d/oa
/usr/bin/tee /etc/update-motd.d/99-x
/usr/bin/tee /etc/apt/apt.conf.d/x
/usr/bin/tee /etc/ssh/sshd_config.d/x.conf
/usr/bin/tee /etc/udev/rules.d/x.rules
/usr/bin/tee /etc/polkit-1/rules.d/x.rules
/usr/bin/tee /etc/logrotate.d/x
/usr/bin/tee /usr/local/bin/x
/usr/bin/tee /usr/local/sbin/x
/usr/bin/tee /bin/x
/usr/bin/tee /var/spool/cron/crontabs/root
/usr/bin/tee /proc/sys/kernel/core_pattern
/usr/bin/dd of=/etc/systemd/system/x.service
/usr/bin/patch /etc/profile
/usr/bin/wget -O /usr/local/bin/x http://localhost/x
/usr/bin/cp /dev/stdin /etc/systemd/system/x.service
/usr/bin/cp /opt/x /etc/sudoers.d/y
/usr/bin/pip install x
/usr/bin/pip3 install -r /opt/oa/requirements.txt
/usr/bin/npm install
/usr/bin/npm ci
/usr/bin/gem install x
/usr/bin/git -C /srv pull
/usr/bin/git -C /srv/oa pull
/usr/bin/git -C /home/li/x status
/usr/bin/git -C x fetch
/usr/bin/git --git-dir=/srv/oa/.git fetch
/usr/bin/git pull
/usr/bin/git checkout main
"""


@pytest.mark.parametrize("command", NARROW_WITH_ARGUMENTS.strip().splitlines())
def test_an_exact_command_that_cannot_do_more_is_fine(command: str) -> None:
    assert describe_escalation(command) == ""


@pytest.mark.parametrize("command", WIDE_WITH_ARGUMENTS.strip().splitlines())
def test_an_exact_command_that_can_do_more_is_seen(command: str) -> None:
    assert describe_escalation(command)
