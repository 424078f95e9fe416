"""`aegis completion bash|zsh|fish`.

A shell calls aegis with `_AEGIS_COMPLETE` and the words up to the cursor (`complete.answer`).
"""

from __future__ import annotations

from aegis_patch.terminal.options import Shell
from aegis_patch.terminal.run import Run, show

_BASH = r"""
_aegis() {
    local IFS=$'\n'
    COMPREPLY=($(_AEGIS_COMPLETE=1 "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)) ||
        compopt -o default 2>/dev/null
    COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
}
complete -F _aegis aegis aegis-patch
"""
_ZSH = r"""#compdef aegis aegis-patch
_aegis() {
    local answer
    if answer=$(_AEGIS_COMPLETE=1 $words[1] "${(@Q)words[2,CURRENT]}" 2>/dev/null); then
        local -a found=(${(f)${answer//$'\t'/:}})
        _describe aegis found
    else
        _files
    fi
}
if [[ $funcstack[1] == _aegis ]]; then _aegis "$@"; else compdef _aegis aegis aegis-patch; fi
"""
_FISH = r"""
function _aegis
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    env _AEGIS_COMPLETE=1 $words "$current" 2>/dev/null
    or __fish_complete_path "$current"
end
complete -c aegis -f -a '(_aegis)'
complete -c aegis-patch -f -a '(_aegis)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion(run: Run, shell: Shell) -> int:
    """Print the script that lets a shell complete aegis.

    bash, in ~/.bashrc: source <(aegis completion bash)

    zsh, in ~/.zshrc: source <(aegis completion zsh)

    fish, in ~/.config/fish/config.fish: aegis completion fish | source
    """
    script = _SCRIPTS[shell].lstrip()
    return show(run, {"completion": script}, lambda: print(script, end=""))
