# Completion of opspact for fish: opspact completion fish | source

function __opspact_candidates
    set -l words (commandline --cut-at-cursor --current-process --tokenize)
    set -l current (commandline --cut-at-cursor --current-token | string replace --regex '^["\']' '')
    set -l before (string match --regex -- '^--[^=]*=' "$current")
    set -l path (string replace --regex -- '^--[^=]*=' '' "$current")
    # A file of this name in some folder is not run by a TAB, whatever is typed: only the program that is installed.
    set -l program (command --search opspact | string match --regex '^/.*'); or return
    for line in ($program __complete $words[2..] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$path" | string replace --regex '^' -- "$before"
            case :directories
                __fish_complete_directories "$path" '' | string replace --regex '^' -- "$before"
            case '*'
                echo $line
        end
    end
end

complete --command opspact --no-files --arguments '(__opspact_candidates)'
