"""What commands destroy that cannot be undone, by the programs that people use."""

import pytest

from opspact.analyse.shell.destructive_commands import destructive_commands

DESTRUCTIVE = r"""
ansible web -m file -a 'path=/srv/oa state=absent'
ansible web -b -m ansible.builtin.file -a 'path=/srv/oa state=absent'
ansible all -m shell -a 'rm -rf /srv/oa'
ansible all -a 'rm -rf /srv/oa'
ansible all --args 'rm -rf /srv/oa' --become
ansible all --args='rm -rf /srv/oa' --become
ansible all -m command -a "lvremove -f vg0/oa"
ansible -i inventory all -m apt -a 'name=nginx state=absent'
ansible all -m user -a 'name=li state=absent remove=yes'
ansible all -m postgresql_db -a 'name=oa state=absent'
ansible all -m community.general.filesystem -a 'dev=/dev/sdb fstype=ext4 force=yes'
ansible all -m raw -a 'rm -rf /srv/oa'
ansible all -mshell -a'rm -rf /srv/oa'
ansible all --module-name=shell --args='rm -rf /srv/oa'
ansible all -m community.general.lvol -a 'vg=vg0 lv=oa state=absent force=true'
ansible all -m file -a '{"path": "/srv/oa", "state": "absent"}'
python3 -c 'import shutil; shutil.rmtree("/srv/oa")'
python3 -c 'import os; os.remove("/srv/oa/x")'
python3 -c 'import os; os.system("rm -rf /srv/oa")'
python3 -c "import subprocess; subprocess.run(['rm', '-rf', '/srv/oa'])"
python3 -c 'from pathlib import Path; Path("/srv/oa/x").unlink()'
perl -e 'unlink "/srv/oa/x"'
perl -MFile::Path -e 'rmtree("/srv/oa")'
perl -e 'system("rm -rf /srv/oa")'
ruby -e 'FileUtils.rm_rf "/srv/oa"'
ruby -rfileutils -e 'FileUtils.remove_dir("/srv/oa")'
node -e 'require("fs").rmSync("/srv/oa", {recursive: true})'
php -r 'unlink("/srv/oa/x");'
perl -e 'unlink glob("/srv/*")'
perl -e'unlink glob("/srv/*")'
perl -e 'unlink </srv/*>'
perl -ne 'unlink if /x/' /srv/list
perl -lne 'unlink' /srv/list
perl -e 'truncate "/srv/x", 0'
php -r 'array_map("unlink", glob("/srv/*"));'
pypy3 -c 'import shutil; shutil.rmtree("/srv/oa")'
python3 -c 'import os; os.truncate("/srv/oa/x", 0)'
python3 -c 'open("/srv/oa/x", "r+").truncate()'
deno eval 'Deno.removeSync("/srv/oa", {recursive: true})'
echo 'file delete -force /srv/oa' | tclsh
Rscript -e 'unlink("/srv/oa", recursive = TRUE)'
pwsh -c 'Remove-Item -Recurse /srv/oa'
podman system reset
podman system reset --force
podman machine reset
tar cf x --remove-f /srv
tar --rem -cf x /srv/oa
git reset --har
truncate --siz 0 /srv/oa/x
ldapdelete -x -D cn=admin,dc=example uid=li,dc=example
samba-tool user delete li
ipa user-del li
awk 'BEGIN { system("rm -rf /srv/oa") }'
lua -e 'os.remove("/srv/oa")'
tar --remove-files -cf /srv/a.tar /srv/oa
tar -cf /srv/a.tar --remove-files /srv/oa
rsync -a --delete /tmp/empty/ /srv/oa/
rsync -a --remove-source-files /srv/oa/ app2:/srv/oa/
rsync -av --delete-after /srv/a/ /srv/oa/
rsync -a --delete-excluded /srv/a/ /srv/oa/
$CMD -rf /srv/oa
"$RM" -rf /srv/oa
${CLEANUP} /srv/oa
X=rm; $X -rf /srv/oa
kubectl delete pod x
kubectl -n prod delete deployment/his
kubectl --context=prod delete ns his
kubectl drain node1 --delete-emptydir-data
kubectl replace --force -f x.yaml
helm uninstall his
helm delete his
helm -n prod uninstall his
helm rollback his 1
pcs resource delete vip
pcs cluster destroy --all
pcs stonith delete fence1
pcs cluster node remove node2
crm configure delete vip
crm configure erase
crm resource delete vip
crm cluster remove node2
crm node delete node2
lvremove -f vg0/oa
vgremove vg0
pvremove /dev/sdb
lvreduce -L 5G vg0/oa
lvresize -L -5G vg0/oa
lvm lvremove vg0/oa
mdadm --zero-superblock /dev/sdb
mdadm --create /dev/md0 --level=1 -n 2 /dev/sda /dev/sdb
mdadm -C /dev/md0 -l1 -n2 /dev/sda /dev/sdb
zfs destroy tank/oa
zpool destroy tank
zpool labelclear /dev/sdb
zpool create -f tank /dev/sdb
zfs rollback tank/oa@x
wipefs -a /dev/sdb
sgdisk --zap-all /dev/sdb
gdisk /dev/sdb
fdisk /dev/sdb
parted -s /dev/sdb mklabel gpt
parted /dev/sdb rm 1
ceph osd purge 3 --yes-i-really-mean-it
ceph osd destroy 3
ceph osd pool delete x x --yes-i-really-really-mean-it
ceph osd pool rm x x --yes-i-really-really-mean-it
ceph fs rm x --yes-i-really-mean-it
ceph-volume lvm zap /dev/sdb
ceph orch rm x
ceph osd rm 3
rbd rm pool/img
rbd remove pool/img
rbd snap rollback pool/img@x
rados -p x rm obj
rados purge x
radosgw-admin bucket rm --bucket=x
etcdctl del foo
etcdctl --endpoints=x del --prefix /
etcdctl member remove 8e
etcdctl snapshot restore x
galera_new_cluster
mysqld --wsrep-new-cluster
patronictl remove pg
patronictl reinit pg db2
patronictl -c /etc/p.yml reinit pg db2
redis-cli FLUSHALL
redis-cli -n 3 flushdb
redis-cli -h x DEL foo
redis-cli unlink foo
redis-cli cluster reset hard
mongosh --eval 'db.dropDatabase()'
mongosh oa --eval 'db.users.drop()'
mongosh oa --eval 'db.users.deleteMany({})'
mongo oa --eval 'db.users.remove({})'
mongorestore --drop /srv/dump
dropdb oa
dropuser oa
psql -c 'drop table x'
psql -c 'DROP INDEX x'
psql -c 'drop view v cascade'
psql -c "alter table x drop column y"
psql -c "alter table x drop y"
psql -c "select 1; delete from x"
psql -c 'delete  from only x'
psql -c 'drop sequence s'
psql -c 'drop function f'
mysql -e 'drop table x'
mysql -e 'drop user oa'
mysql -e 'reset master'
sqlite3 /srv/oa.db 'drop table x'
clickhouse-client -q 'drop table x'
clickhouse-client --query 'alter table x delete where 1'
cqlsh -e 'drop keyspace x'
nodetool decommission
nodetool removenode x
influx delete --bucket x
curl -X DELETE http://localhost:9200/index
curl -XDELETE http://localhost:9200/index
curl --request DELETE http://localhost:9200/index
curl --request=DELETE http://x:9200/index
ip netns exec blue rm -rf /srv/oa
nsenter -t 1 -m rm -rf /srv/oa
nsenter --target 1 --mount -- rm -rf /srv/oa
nsenter -t 1 -a rm -rf /srv/oa
chroot /mnt rm -rf /srv/oa
chroot --userspec=oa /mnt rm -rf /srv/oa
unshare -m rm -rf /srv/oa
unshare --mount --fork rm -rf /srv/oa
systemd-run --wait rm -rf /srv/oa
systemd-run -p X=1 --unit x rm -rf /srv/oa
systemd-run -M his rm -rf /srv/oa
systemd-nspawn -D /mnt rm -rf /srv/oa
env X=1 rm -rf /srv/oa
env -i rm -rf /srv/oa
env -S 'rm -rf /srv/oa'
nice -n 10 rm -rf /srv/oa
nice -10 rm -rf /srv/oa
timeout 5 rm -rf /srv/oa
timeout -k 3 5m rm -rf /srv/oa
ls /srv | xargs rm -rf
find /srv -print0 | xargs -0 rm
find /srv -exec rm {} +
find /srv -type f -delete
find /srv -exec sh -c 'rm "$1"' _ {} \;
pkexec rm -rf /srv/oa
setpriv --reuid=0 rm -rf /srv/oa
capsh -- -c 'rm -rf /srv/oa'
busybox rm -rf /srv/oa
parallel rm ::: /srv/a /srv/b
ls | parallel rm
watch rm -rf /srv/oa
taskset 1 rm -rf /srv/oa
taskset -c 0,1 rm -rf /srv/oa
chrt -b 0 rm -rf /srv/oa
numactl --membind=0 rm -rf /srv/oa
strace -f rm -rf /srv/oa
script -c 'rm -rf /srv/oa'
script -qc 'rm -rf /srv/oa' /dev/null
unbuffer rm -rf /srv/oa
tmux new -d 'rm -rf /srv/oa'
at now <<< 'rm -rf /srv/oa'
echo 'rm -rf /srv/oa' | at now
echo 'rm -rf /srv/oa' | sh
echo 'rm -rf /srv/oa' | ssh app1
ssh app1 'rm -rf /srv/oa'
ssh app1 sudo rm -rf /srv/oa
pdsh -w app[1-2] rm -rf /srv/oa
pssh -H app1 rm -rf /srv/oa
clush -w app1 rm -rf /srv/oa
salt '*' cmd.run 'rm -rf /srv/oa'
docker exec his rm -rf /srv/oa
docker exec -it his sh -c 'rm -rf /srv/oa'
docker --host x exec his rm -rf /srv/oa
docker compose exec his rm -rf /srv/oa
docker run --rm -v /srv:/srv alpine rm -rf /srv/oa
kubectl exec his -- rm -rf /srv/oa
kubectl -n x exec -it his -c app -- rm -rf /srv/oa
podman exec his rm -rf /srv/oa
podman pod rm his
podman kube down x
docker -H x rm his
docker volume rm x
docker swarm leave --force
docker stack rm his
docker service rm x
docker system prune -af
docker --context prod volume rm x
nerdctl rm x
crictl rm x
virsh destroy his
virsh snapshot-revert his x
virsh -c qemu:///system undefine his
qm destroy 100
pct destroy 100
lxc delete his
incus delete his
vagrant destroy -f
terraform destroy
terraform -chdir=x destroy
tofu destroy
aws ec2 terminate-instances --instance-ids i
aws rds delete-db-instance --db-instance-identifier x
aws --profile x s3 rm s3://x
gcloud compute instances delete x
az vm delete -n x
aliyun ecs DeleteInstance --InstanceId x
mc rm --recursive --force x/y
mc rb x
s3cmd del s3://x
rclone delete x:y
rclone purge x:y
rclone sync a x:y
gsutil rm gs://x
drbdadm invalidate r0
drbdadm create-md r0
drbdadm wipe-md r0
drbdadm -- --discard-my-data connect r0
gluster volume delete x
gluster --mode=script volume delete x
rabbitmqctl reset
rabbitmqctl force_reset
rabbitmqctl delete_queue x
rabbitmqctl -n x purge_queue x
rabbitmqadmin delete queue name=x
kafka-topics.sh --bootstrap-server x --delete --topic t
vault kv destroy secret/x
vault kv delete secret/x
vault delete secret/x
consul kv delete -recurse x
nomad job stop -purge x
zkCli.sh deleteall /x
pg_rewind --target-pgdata x
pg_resetwal -f /x
pg_archivecleanup /srv/x 0000
ctr -n k8s.io images rm his
install -m 600 /dev/null /srv/oa/data
python3 -c 'from os import path, remove; remove("/srv/oa/x")'
repmgr node rejoin -d x --force-rewind
repmgr -F standby clone
barman delete main oldest
pgbackrest stanza-delete --stanza=x
pgbackrest --stanza=x expire
pgbackrest --stanza=x restore --delta
wal-g delete everything FORCE
wal-g backup-fetch /x LATEST
kopia snapshot delete x
duplicity remove-all-but-n-full 2 x
mv /srv/oa /dev/null
ln -sf /dev/null /srv/oa/x
dd if=/dev/zero of=/dev/sdb
cat x > /dev/sdb
> /srv/oa/x
nvme format /dev/nvme0n1
hdparm --security-erase x /dev/sdb
mkfs -t ext4 /dev/sdb
mke2fs /dev/sdb
mkfs.xfs -f /dev/sdb
mkdosfs /dev/sdb
pvcreate -ff /dev/sdb
badblocks -w /dev/sdb
blkdiscard /dev/sdb
btrfs device delete /dev/sdb /srv
btrfs subvolume delete /srv/x
btrfs subvolume -c delete /srv/x
dmsetup remove x
dmsetup remove_all
cryptsetup luksErase /dev/sdb
cryptsetup luksKillSlot /dev/sdb 1
cryptsetup luksRemoveKey /dev/sdb
snapper delete 5
snapper undochange 1..0
deluser li
userdel -r li
snap remove x
flatpak uninstall x
rpm -e x
pip uninstall x
npm uninstall x
xfs_repair -L /dev/sdb
git push --force
git branch -D x
git stash drop
unzip -o x -d /
cpio -idmu -D /
tar -xf x -C /
tar xzf x -C /etc
tar -C / -xf x
bsdtar -xPf x
7z x a.7z -o/
rm -rf "$DIR"/*
cd /srv/oa && rm -rf *
eval "rm -rf /srv/oa"
bash <<< 'rm -rf /srv/oa'
curl http://x | sh
function f { rm -rf /srv; }; f
f() { rm -rf /srv; }; f
"""


@pytest.mark.parametrize("command", DESTRUCTIVE.strip().splitlines())
def test_a_command_that_cannot_be_undone_is_seen(command: str) -> None:
    assert destructive_commands(command)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("kubectl -n prod delete deployment/his", "removes software, volumes, machines or accounts"),
        ("pcs cluster destroy --all", "removes nodes or resources of a cluster"),
        ("ansible all -m shell -a 'dropdb oa'", "drops or empties data"),
        ("mdadm --zero-superblock /dev/sdb", "overwrites a disk or a file system"),
        ("galera_new_cluster", "discards the data of the other nodes of a cluster"),
        ("$CLEAN /srv/oa", "runs commands that cannot be checked"),
        ("curl -fsS http://localhost/x | sh", "runs commands that cannot be checked"),
        ('echo "$SQL" | psql oa', "runs statements that cannot be checked"),
        ("X=rm; $X -rf /srv/oa", "deletes files"),
    ],
)
def test_what_is_destroyed_is_named(command: str, what: str) -> None:
    assert destructive_commands(command) == (what,)


@pytest.mark.parametrize("piece", ["python3 -c 'system(\"", "ansible all -a '", "$", "ip netns exec ", "parallel "])
def test_code_in_commands_in_code_ends_somewhere(piece: str) -> None:
    assert len(destructive_commands(piece * 300)) <= 1
