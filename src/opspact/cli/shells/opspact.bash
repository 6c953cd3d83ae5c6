# Completion of opspact for bash: source <(opspact completion bash)

_opspact() {
  local program typed current before line
  local -a words
  # A file of this name in some folder is not run by a TAB, whatever is typed: only the program that is installed.
  program=$(type -P opspact) && [[ $program == /* ]] || return 0
  typed=${COMP_LINE:0:COMP_POINT}
  read -r -a words <<< "$typed"
  [[ $typed == *[[:space:]] ]] && words+=("")
  current=${words[-1]}
  # What readline replaces begins behind the last of these characters, outside of quotes.
  case $current in
    [\"\']*) current=${current:1} before="" ;;
    *) before=${current%"${current##*["${COMP_WORDBREAKS//[^=:]/}"]}"} ;;
  esac
  words[-1]=$current
  [[ $COMP_WORDBREAKS == *[=:]* ]] || before=""
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${current#--*=}") ;;
      :directories) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "${current#--*=}") ;;
      *) line=${line%%$'\t'*}; COMPREPLY+=("${line#"$before"}") ;;
    esac
  done < <("$program" __complete "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace
  return 0
}

complete -F _opspact opspact
