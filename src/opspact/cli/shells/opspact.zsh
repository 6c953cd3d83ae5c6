#compdef opspact
# Completion of opspact for zsh: source <(opspact completion zsh), or a file _opspact in $fpath

_opspact() {
  local line program
  local -a lines described
  # A file of this name in some folder is not run by a TAB, whatever is typed: only the program that is installed.
  program=$(whence -p opspact) && [[ $program == /* ]] || return 1
  lines=("${(@f)$("$program" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  for line in $lines; do
    case $line in
      :files) compset -P '--*='; _files ;;
      :directories) compset -P '--*='; _files -/ ;;
      *) described+=("${${line%%$'\t'*}//:/\\:}:${${line#*$'\t'}:#$line}") ;;
    esac
  done
  (( $#described )) && _describe -V opspact described -M 'm:{[:lower:]}={[:upper:]}'
}

if [[ ${funcstack[1]} == _opspact ]]; then
  _opspact "$@"
else
  compdef _opspact opspact
fi
