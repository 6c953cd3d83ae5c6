#!/usr/bin/env bash
# An archive that borg 1.2.4 renamed is refused by borg 1.4, and with it the whole repository.
#
# What:     borg 1.2.4 (Debian 12) makes an archive and renames it; borg 1.4.0 (Debian 13) works on that repository.
# Expected: renaming changes a name. borg 1.4 reads repositories of borg 1.2, and warns of archives without a signature.
# Seen:     borg 1.2.4 leaves the signature of the old name in the renamed archive. borg 1.2.4 itself never looks at it.
#           borg 1.4 takes that for tampering: `prune`, `extract` and `create` in that repository end with 2 ("Archive
#           authentication did not verify"), and `check --repair` would delete the archive. `list` says nothing. What
#           `recreate --target` of 1.2.4 copies to the other name is fine.
# So:       with a borg before 1.2.5, copy and delete instead of renaming; `borg upgrade --archives-tam` of 1.4 signs
#           archives that were renamed before, under new ids.
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
mkdir shared
for release in old new; do
  base=$3; [ "$release" = old ] || base=$4
  mkdir "$release" "$release-upper" "$release-work"
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$release-upper,workdir=$release-work" "$release"
  mkdir "$release/shared"
  mount --bind shared "$release/shared"
  mount --bind /dev "$release/dev"
  mount -t proc proc "$release/proc"
done
on() { release=$1; shift; chroot "$release" env HOME=/root BORG_PASSPHRASE=x TZ=UTC borg "$@" 2>&1; }
ends() { code=0; said=$(on "${@:2}") || code=$?; [ "$code" = "$1" ] || { echo "$said"; echo "this has changed: ${*:2}" >&2; exit 1; }; }

[ "$(on old --version), $(on new --version)" = "borg 1.2.4, borg 1.4.0" ] || exit 2
for repository in renamed copied; do
  on old init --encryption repokey-blake2 "/shared/$repository" >/dev/null
  on old create "/shared/$repository::before" /etc/passwd
done
on old rename /shared/renamed::before after
on old recreate --target after /shared/copied::before
on old delete /shared/copied::before

for release in old new; do ends 0 "$release" list /shared/renamed; done
ends 0 old prune --dry-run --keep-daily 7 /shared/renamed
for command in "prune --dry-run --keep-daily 7 /shared/renamed" "extract --dry-run /shared/renamed::after" \
  "create /shared/renamed::other /etc/passwd"; do
  ends 2 new $command
  echo "borg 1.4.0 ${command%% *}: $(echo "$said" | head -n 1)"
  case $said in *"Archive authentication did not verify"*) ;; *) echo 'this has changed' >&2; exit 1 ;; esac
done
for command in "prune --dry-run --keep-daily 7 /shared/copied" "extract --dry-run /shared/copied::after" \
  "create /shared/copied::other /etc/passwd"; do
  ends 0 new $command
done
