#!/usr/bin/env bash
# passwd writes one and the same line into the log whether it empties, locks, unlocks or expires a password.
#
# What:     passwd -d, -l, -u, -e and -x of shadow 4.13+dfsg1-1+deb12u2 (Debian 12) and 4.17.4-2+deb13u1 (Debian 13),
#           as a log review reads them.
# Expected: passwd speaks through PAM: "pam_unix(passwd:chauthtok): password changed for NAME" when a password changes,
#           another line or none for the options.
# Seen:     PAM is not asked for the options, so the line above never comes. passwd itself writes "password for 'NAME'
#           changed by 'root'" for each of them, the same words for all: that anybody can log in now (-d) is not said.
# So:       read that line as "changed, locked, unlocked or removed", and look into /etc/shadow for empty passwords.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried (no root, no lab images, other versions).
set -euo pipefail
if [ "${1-}" != inside ]; then
  [ "$(id -u)" = 0 ] || exit 2
  lab=$(dirname "$(readlink -f "$0")")/../ci/lab
  old=$("$lab" base --release bookworm) && new=$("$lab" base --release trixie) || exit 2
  place=$(mktemp -d)
  trap 'rmdir -- "$place"' EXIT
  unshare --mount "$0" inside "$place" "$old" "$new"
  exit
fi

mount -t tmpfs tmpfs "$2"
cd "$2"
for base in "$3" "$4"; do
  rm -rf upper work root && mkdir upper work root
  mount -t overlay overlay -o "lowerdir=$base,upperdir=upper,workdir=work" root
  mount -t tmpfs tmpfs root/dev
  mknod -m 666 root/dev/null c 1 3
  mknod -m 666 root/dev/urandom c 1 9
  version=$(chroot root dpkg-query --show --showformat '${Version}' passwd)
  case $version in 1:4.13+dfsg1-1+deb12u2 | 1:4.17.4-2+deb13u1) ;; *) exit 2 ;; esac # the versions of the images
  python3 - root/dev/log said <<'END' &
import socket, sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, open(sys.argv[2], "w") as said:
    log.bind(sys.argv[1])
    while (line := log.recv(4096).decode().rstrip("\0\n")) != "<13>end":
        said.write(line + "\n")
        said.flush()
END
  for _ in $(seq 50); do [ -S root/dev/log ] && break; sleep 0.1; done
  chroot root useradd eve
  echo eve:secret | chroot root chpasswd
  for option in -l -u -e -x90 -d; do chroot root passwd -q "$option" eve; done
  python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"<13>end", "root/dev/log")'
  wait
  grep -q '^eve::' root/etc/shadow || { echo 'this has changed: -d' >&2; exit 1; }
  lines=$(grep -c " passwd\[[0-9]*\]: password for 'eve' changed by 'root'$" said) || true
  echo "shadow $version: $lines times: $(grep -m 1 ' passwd\[' said | sed 's/.*passwd\[[0-9]*\]: //')"
  { [ "$lines" = 5 ] && ! grep 'passwd:chauthtok' said | grep -v chpasswd; } || { cat said; echo 'this has changed' >&2; exit 1; }
  umount --recursive root
done
