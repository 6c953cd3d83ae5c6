"""Files that a unit would not start with make way for what it has read: the next start may be a reboot at night.

In: what `steps.restart` knows of a unit. Out: shell that keeps what a unit has read, and puts it back.
docs/decisions/0026-refused-files.md says why.
"""

from opspact.model import names

LARGEST_KEPT = 1 << 20  # bytes of a file that is kept: what is larger is no configuration

# uutils' cp (0.0.30), given a link, sets the mode of the file that the link leads to, `-a` or not.
COPY = """\
copy() {
  if [ -h "$1" ]; then
    leads_to=$(readlink -- "$1") && ln -sfT -- "$leads_to" "$2"
  else
    cp -a -T --remove-destination -- "$1" "$2"
  fi
}
"""
"""Defines `copy PATH NEW` for sh: a file with all its attributes or a link, in the place of what is there."""

PUT_BACK = f"""\
{COPY}is_there() {{ [ -e "$1" ] || [ -h "$1" ]; }}
paths_of() {{ paths=$(printf %s "$1" | sed "s/.*$tab//"); }}
copy_to() (
  umask 077
  rm -rf -- "$1" && mkdir -p -- "$1" || return 1
  for path in $paths; do
    [ -h "$path" ] || {{ [ -f "$path" ] && [ "$(stat -c %s -- "$path")" -le {LARGEST_KEPT} ]; }} || continue
    mkdir -p -- "$1${{path%/*}}" && copy "$path" "$1$path" || return 1
  done
)
keep() {{
  [ -n "$test" ] || return 0
  paths_of "$lines"
  copy_to "$note.reading" && rm -rf -- "$note.read" && mv -T -- "$note.reading" "$note.read"
}}
find_former() {{
  former=$note.read$path
  if is_there "$former"; then return; fi
  former=
  if line_of "$known" "$path"; then
    case $line in *"${{tab}}absent$tab"*) return ;; *) return 1 ;; esac
  fi
  if is_there "{names.BEFORE_APPLY}$path"; then former={names.BEFORE_APPLY}$path; return; fi
  grep -qxsF -e "$path" -- {names.ABSENT_BEFORE_APPLY}
}}
replace_by() {{
  if [ -z "$1" ] || ! is_there "$1"; then
    rm -f -- "$path"
    return
  fi
  [ -d "${{path%/*}}" ] || mkdir -p -- "${{path%/*}}" || return 1  # it was removed in the same apply
  temporary=$(mktemp -- "${{path%/*}}/{names.TEMPORARY}") || return 1
  copy "$1" "$temporary" && mv -f -T -- "$temporary" "$path" && return
  rm -f -- "$temporary"
  return 1
}}
put_back() {{
  paths_of "$unread"
  [ -n "$paths" ] || return 1
  for path in $paths; do
    find_former || {{ echo "$path stays as it is: what was in it before is not known" >&2; return 1; }}
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
  why="\\`$test\\` fails with what $unit has read as well"
  [ -n "$all" ] || why="what $unit has read could not be put back"
  echo "the files stay as they are: $why" >&2
  return 1
}}
"""
"""Defines for sh, with what `steps.restart` defines: `keep`, that keeps what a unit has read beside its record, and
`put_back`, that ends with 0 when the files that it has not read are as they were, and the unit's test passes."""
