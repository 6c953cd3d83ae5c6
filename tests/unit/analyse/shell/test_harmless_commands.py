"""Commands beside destructive ones, with their programs and words, that destroy nothing."""

import pytest

from opspact.analyse.shell.destructive_commands import destructive_commands

HARMLESS = r"""
docker restart his
docker compose restart his
docker ps --filter name=rm
perl -ne 'print if /unlinked/' /srv/list
perl -e 'unlink "/tmp/x"'
perl -MData::Dumper -e 'print Dumper(1)'
python3 -c 'print("truncated")'
php -r 'echo file_exists("/srv/x");'
deno eval 'console.log(1)'
echo 'puts [file exists /srv/oa]' | tclsh
podman system df
tar cf x --record-size=512 /srv
ldapdelete -n -x uid=li,dc=example
ldapsearch -x uid=li
samba-tool user list
docker logs --tail 50 rm
docker inspect prune
docker run --rm alpine true
docker run --rm -v /srv:/srv alpine ls /srv
docker compose -f x.yml up -d
docker compose exec his ls
docker network ls
docker system df
docker --context prod ps
docker stop his
podman pod ps
tar -tf x.tar
tar -czf /srv/a.tar /srv/oa
tar -xf x -C /srv/restored
tar --exclude=remove-files -cf x y
kubectl get pods
kubectl get pod delete-me
kubectl -n prod get deployment
kubectl rollout restart deployment/his
kubectl logs delete
kubectl describe node x
kubectl delete pod x --dry-run=client
kubectl drain node1 --ignore-daemonsets
kubectl exec his -- ls /srv
kubectl -n x exec -it his -c app -- ls /srv
kubectl scale --replicas=2 deployment/his
helm list
helm -n prod status his
helm upgrade --install his ./his
helm history his
pcs status
pcs resource show
pcs resource cleanup vip
pcs resource move vip node2
pcs cluster stop node2
pcs constraint
pcs node standby node2
crm status
crm configure show
crm_mon -1
crm resource cleanup vip
crm node standby
lvs
vgs
pvs
lvcreate -L 5G -n x vg0
lvextend -L +5G vg0/oa
lvresize -L +5G vg0/oa
lvresize -L 50G vg0/oa
lvm lvs
lvremove --test vg0/x
vgdisplay vg0
mdadm --detail /dev/md0
mdadm -D /dev/md0
mdadm --examine /dev/sdb
mdadm --assemble --scan
mdadm --manage /dev/md0 --add /dev/sdb1
cat /proc/mdstat
zfs list
zfs snapshot tank/oa@x
zfs destroy -nv tank/oa@x
zfs send tank/oa@x
zpool status
zpool list
zpool scrub tank
wipefs /dev/sdb
wipefs -n -a /dev/sdb
sgdisk -p /dev/sdb
sgdisk --print /dev/sdb
sgdisk -i 1 /dev/sdb
sgdisk -b /srv/t /dev/sdb
fdisk -l
fdisk -l /dev/sdb
gdisk -l /dev/sdb
parted /dev/sdb print
parted -s /dev/sdb unit s print
ceph status
ceph osd tree
ceph osd pool ls
ceph osd df
ceph osd set noout
ceph health detail
rbd ls
rbd snap ls pool/img
rbd snap create pool/img@x
rados df
rados -p x ls
etcdctl get foo
etcdctl member list
etcdctl endpoint health
etcdctl --endpoints=x snapshot save /srv/x
etcdctl --endpoints x get delete
patronictl list
patronictl -c /etc/p.yml switchover
patronictl restart pg
redis-cli ping
redis-cli INFO
redis-cli get flushall
redis-cli -h db1 GET del
redis-cli --raw lrange x 0 1
mongosh --eval 'db.stats()'
mongosh oa --eval 'db.users.find()'
mongodump -o /srv/x
psql -c 'select 1'
psql -c 'alter table x alter column y drop not null'
psql -c 'alter table x add column y int'
psql -c 'create index concurrently i on x (y)'
psql -c "select * from deletions"
psql -c 'explain delete from x'
psql -c "comment on table x is 'drop table'"
psql -c 'alter table x drop constraint c'
psql -c 'select updated from set_x'
psql -c 'refresh materialized view v'
echo 'select 1' | psql oa
psql oa <<< 'select 1'
sqlite3 /srv/oa.db 'select 1'
sqlite3 -readonly /srv/oa.db .dump
mysql -e 'show processlist'
clickhouse-client -q 'select 1'
nodetool status
nodetool repair
curl -fsS http://localhost/health
curl -X POST http://localhost/x
curl http://localhost/DELETE
ip netns exec blue ip addr
ip netns list
ip addr show
ip route del default
ip link show
nsenter -t 1 -n ss -tlnp
chroot /mnt ls
unshare -n true
systemd-run --wait true
systemd-run -p X=1 --unit rm true
env X=1 ls
nice -n 10 tar -cf x y
timeout 5 ls
timeout 5 systemctl restart oa
ls | xargs ls
find /srv -print
find /srv -name delete
find /srv -type f -exec ls {} +
find /srv -newer x -print0 | xargs -0 md5sum
python3 -m json.tool
python3 -m json.tool < x
python3 -c 'print(1)'
python3 -c 'import json,sys; print(json.load(sys.stdin)["remove"])'
python3 -c 'import os; print(os.listdir("/srv"))'
python3 -c 'import os; os.system("systemctl restart oa")'
python3 -c "import subprocess; subprocess.run(['systemctl', 'restart', 'oa'])"
python3 -c 'import os; os.remove("/tmp/x")'
python3 -c 'from os import path; print(path.exists("/srv/oa"))'
journalctl --disk-usage
ctr images ls
python3 /opt/oa/check.py
perl -e 'print "unlink"'
perl -ne 'print if /rm -rf/' /var/log/x
perl -pe 's/remove/x/' x
ruby -e 'puts 1'
node -e 'console.log(1)'
php -v
awk '{print $1}' x
awk '/rm -rf/ {print}' x
awk 'BEGIN { system("date") }'
gawk -F: '{print $2}' /etc/passwd
ansible all -m ping
ansible all -m setup
ansible all -a uptime
ansible all -m command -a 'ls /srv'
ansible web -m file -a 'path=/srv/oa state=directory'
ansible web -m file -a 'path=/tmp/x state=absent'
ansible web -m service -a 'name=oa state=restarted'
ansible web -m file -a 'path=/srv/x state=absent' --check
ansible web -m lineinfile -a 'path=/etc/x line=y state=absent'
ansible all -m shell -a 'systemctl restart oa'
ansible all --list-hosts
ansible web -m debug -a 'msg=absent'
ansible-inventory --list
rsync -a /srv/a/ /srv/b/
rsync -avn --delete /srv/a/ /srv/b/
rsync --dry-run --delete a b
$HOME/bin/check
"$JAVA_HOME"/bin/java -version
X=ls; $X /srv
for x in a b; do echo $x; done
echo $CMD
[ "$X" = 1 ] && true
test -n "$X"
case $x in a) true;; esac
while read -r line; do echo "$line"; done < x
X=$(date); echo $X
if [ -n "$X" ]; then systemctl start oa; fi
export PATH=$PATH:/x
"$PGBIN"/psql -c 'select 1'
git status
git log --grep 'reset --hard'
git branch -a
git push origin main
git clean -n
git clean -nfd
git stash list
git -C /srv pull
git diff -- reset --hard
aws s3 ls
aws s3 cp x s3://y
aws ec2 describe-instances
aws rds describe-db-instances
gcloud compute instances list
az vm list
terraform plan
terraform show
vault read secret/x
vault kv get secret/x
consul kv get x
rabbitmqctl list_queues
rabbitmqctl status
rabbitmqctl -n x cluster_status
kafka-topics.sh --list
kafka-topics.sh --describe --topic t
virsh list --all
virsh start his
virsh shutdown his
virsh dominfo destroy
lxc list
incus exec his -- ls
qm list
crontab -l
journalctl --no-pager -n 50
journalctl --disk-usage
journalctl --vacuum-time=7d
apt-get install nginx
apt list --installed
apt-mark hold purge
dpkg -l
rpm -qa
rpm -qe x
pip list
snap list
flatpak list
cryptsetup status x
cryptsetup luksDump /dev/sdb
cryptsetup open /dev/sdb x
nvme list
nvme smart-log /dev/nvme0
hdparm -I /dev/sdb
badblocks -sv /dev/sdb
btrfs subvolume list /
btrfs filesystem df /
btrfs device stats /
dmsetup ls
snapper list
borg list
borg create ::x /srv
borg check
borgmatic list
restic snapshots
restic backup /srv
pgbackrest info
pgbackrest --stanza=x backup
barman list-backup main
barman backup main
wal-g backup-list
drbdadm status
drbdadm primary r0
drbdadm up r0
gluster volume info
gluster volume status
gluster peer status
galera_recovery
mysqladmin status
mysqladmin processlist
systemctl restart oa
systemctl stop oa
systemctl disable oa
ssh app1 uptime
ssh app1 'systemctl status rm'
echo 'rm -rf /srv' > /tmp/x
echo ls | sh
unzip x -d /srv/y
7z x a.7z -o/srv/y
cpio -idm -D /srv/y
zip -r x.zip /srv
man rm
which rm dropdb
type rm
busybox ls
sudo -l
su - postgres -c 'psql -c "select 1"'
watch -n 5 ls
mv /srv/a /srv/b
ln -sfn /srv/a /srv/b
cp /srv/a /srv/b
mc ls x
rclone copy a b:c
rclone ls x:y
s3cmd ls
http GET localhost
nomad status
salt '*' test.ping
salt '*' cmd.run 'uptime'
"""


@pytest.mark.parametrize("command", HARMLESS.strip().splitlines())
def test_a_harmless_relative_is_not(command: str) -> None:
    assert destructive_commands(command) == ()
