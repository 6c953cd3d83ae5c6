digest() {
  { ended=$({ { timeout 50 dd "if=$1" bs=1M iflag=nofollow,nonblock status=none; echo $? >&3; } |
    sha256sum >&4; } 3>&1) && [ "$ended" = 0 ]; } 4>&1
}
tab=$(printf '\t') nl='
'
property() { value=${shown##*"$1="}; value=${value%%"$nl"*}; }
line_of() { case $1 in *"$tab$2$nl"*) line=${1%%"$tab$2$nl"*}; line=${line##*"$nl"} ;; *) return 1 ;; esac; }
token() {
  token=absent
  if [ -h "$1" ]; then
    token=$(readlink -- "$1") && token=$(printf %s "$token" | sha256sum) || return 1
  elif [ -f "$1" ]; then token=$(digest "$1") || return 1
  elif [ -e "$1" ]; then token=other
  fi
  token=${token%% *}
  [ -n "$token" ]
}
show() { shown=$(TZ=UTC0 LC_ALL=C systemctl show --timestamp=unix --property=LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,InvocationID,InactiveExitTimestamp,TimeoutStartUSec,Result,Persistent,LastTriggerUSec -- "$unit"); }
changes() {
  for wish do
    path=${wish#*:}
    if [ -e "$path" ] || [ -h "$path" ]; then set -- "$@" "$path"; fi
    shift
  done
  [ $# = 0 ] || TZ=UTC0 LC_ALL=C stat -c "%Z$tab%z %i$tab%n" -- "$@"
}
inspect() {
  noted= known= unread= outdated=
  show || return 1
  property ActiveState
  case $value in active | reloading | refreshing) ;; *) return 0 ;; esac
  if [ -e "$note" ]; then noted=$(cat -- "$note") || return 1; fi
  first=${noted%%"$nl"*}
  noted=${noted#"$first"}$nl
  known=$noted
  property InvocationID
  [ "${first%%"$tab"*}" = "$value" ] || noted=
  property InactiveExitTimestamp
  since=${value#@} here=$(changes "$@")$nl || return 1
  for wish do
    path=${wish#*:} changed=absent at=0
    if line_of "$here" "$path"; then at=${line%%"$tab"*} changed=${line#*"$tab"}; fi
    case $at/$since in *[!0-9/]* | /* | */) echo "unexpected times: $at, $since" >&2; return 1 ;; esac
    if line_of "$noted" "$path"; then
      [ "${line##*"$tab"}" != "$changed" ] || continue
      outdated=1 was=${line#*"$tab"}
      token "$path" || return 1
      [ "${was%%"$tab"*}" != "$token" ] || continue
    else
      outdated=1
      [ "$at" -gt "$since" ] || continue
    fi
    unread=$unread${wish%%:*}$tab$path$nl
  done
  rest=$noted
  while [ -n "$rest" ]; do
    line=${rest%%"$nl"*} rest=${rest#*"$nl"}
    path=${line##*"$tab"}
    if [ -z "$path" ] || [ -e "$path" ] || [ -h "$path" ] || line_of "$unread" "$path"; then continue; fi
    case $line in *"${tab}absent$tab"*) ;; *) unread=$unread${line%%"$tab"*}$tab$path$nl ;; esac
  done
}
copy() {
  if [ -h "$1" ]; then
    leads_to=$(readlink -- "$1") && ln -sfT -- "$leads_to" "$2"
  else
    cp -a -T --remove-destination -- "$1" "$2"
  fi
}
is_there() { [ -e "$1" ] || [ -h "$1" ]; }
paths_of() { paths=$(printf %s "$1" | sed "s/.*$tab//"); }
copy_to() (
  umask 077
  rm -rf -- "$1" && mkdir -p -- "$1" || return 1
  for path in $paths; do
    [ -h "$path" ] || { [ -f "$path" ] && [ "$(stat -c %s -- "$path")" -le 1048576 ]; } || continue
    mkdir -p -- "$1${path%/*}" && copy "$path" "$1$path" || return 1
  done
)
keep() {
  [ -n "$test" ] || return 0
  paths_of "$lines"
  copy_to "$note.reading" && rm -rf -- "$note.read" && mv -T -- "$note.reading" "$note.read"
}
find_former() {
  former=$note.read$path
  if is_there "$former"; then return; fi
  former=
  if line_of "$known" "$path"; then
    case $line in *"${tab}absent$tab"*) return ;; *) return 1 ;; esac
  fi
  if is_there "/var/lib/opspact/last-apply/files$path"; then former=/var/lib/opspact/last-apply/files$path; return; fi
  grep -qxsF -e "$path" -- /var/lib/opspact/last-apply/absent
}
replace_by() {
  if [ -z "$1" ] || ! is_there "$1"; then
    rm -f -- "$path"
    return
  fi
  [ -d "${path%/*}" ] || mkdir -p -- "${path%/*}" || return 1  # it was removed in the same apply
  temporary=$(mktemp -- "${path%/*}/.opspact.XXXXXXXXXX") || return 1
  copy "$1" "$temporary" && mv -f -T -- "$temporary" "$path" && return
  rm -f -- "$temporary"
  return 1
}
put_back() {
  paths_of "$unread"
  [ -n "$paths" ] || return 1
  for path in $paths; do
    find_former || { echo "$path stays as it is: what was in it before is not known" >&2; return 1; }
  done
  copy_to "$note.refused" || return 1
  for path in $paths; do
    if is_there "$path" && ! is_there "$note.refused$path"; then
      echo "$path stays as it is: it is too large, or no file" >&2
      return 1
    fi
  done
  all=1
  for path in $paths; do find_former && replace_by "$former" || all=; done
  if [ -n "$all" ] && run_test; then
    echo "put back as $unit has read it, and what was refused is kept below $note.refused:" $paths >&2
    return
  fi
  for path in $paths; do replace_by "$note.refused$path" || echo "$path was put back, and stays so" >&2; done
  rm -rf -- "$note.refused"
  why="\`$test\` fails with what $unit has read as well"
  [ -n "$all" ] || why="what $unit has read could not be put back"
  echo "the files stay as they are: $why" >&2
  return 1
}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin IFS=$nl
set -f
remember() {
  lines=
  for wish do
    path=${wish#*:} changed=absent
    if line_of "$here" "$path"; then changed=${line#*"$tab"}; fi
    token "$path" || return 1
    lines=$lines${wish%%:*}$tab$token$tab$changed$tab$path$nl
  done
  rest=$noted
  while [ -n "$rest" ]; do
    line=${rest%%"$nl"*} rest=${rest#*"$nl"}
    path=${line##*"$tab"}
    if [ -z "$path" ] || line_of "$lines" "$path"; then continue; fi
    case $action/$line in
      restart/* | reload/reload*)
        token "$path" || return 1
        [ "$token" != absent ] || continue
        line=${line%%"$tab"*}$tab$token$tab-$tab$path ;;
    esac
    lines=$lines$line$nl
  done
}
run_test() {
  said=$(timeout -k 5 60 /bin/sh -c "$test" </dev/null 2>&1)
  ended=$?
  return "$ended"
}
try() {
  [ -n "$test" ] || return 0
  run_test && return
  echo "$unit was not ${action}ed and keeps the configuration that it has: \`$test\` failed" >&2
  case $ended in 124 | 125 | 137) echo "it did not end within 60 s" >&2 ;; esac
  printf '%s\n' "$said" | tail -n 5 >&2
  case $ended in 12[4-7] | 137) return 1 ;; esac  # the test itself could not be done: the files may be right
  put_back && action= here=$(changes "$@")$nl && remember "$@" && record
  return 1
}
record() {
  property InvocationID
  [ -n "$value" ] || return 0
  umask 077
  mkdir -p -- "${note%/*}" && keep || return 1
  printf '%s\n%s' "$value$tab$test" "$lines" >"$note.new" && mv -f -- "$note.new" "$note"
}
act() {
  unit=$1 note=$2 test=$3 action=$4
  shift 4
  inspect "$@" || return 1
  property ActiveState
  case $value in active | reloading | refreshing) ;; *) return 0 ;; esac
  if [ -n "$action" ]; then
    case $first in *"$tab"?*) test=${first#*"$tab"} ;; esac
    [ -z "$noted" ] || action=  # what it has read since it was started is known
  fi
  if [ -z "$action" ]; then
    case $nl$unread in
      *"${nl}restart$tab"*) action=restart ;;
      *"${nl}reload$tab"*) action=reload ;;
      *) [ -n "$outdated" ] || return 0 ;;
    esac
  fi
  remember "$@" || return 1
  if [ -n "$action" ]; then
    try "$@" && systemctl "$action" -- "$unit" || return 1
    echo changed
    show || return 1
  fi
  record
}
act "$@" </dev/null
exit
