# SPDX-License-Identifier: MIT
# What zsh offers for a command line, one match a line. Completion runs in the line editor only, so a second zsh gets a
# terminal of its own; there compadd, through which every match goes, prints them. Run by completions_complete.sh:
#   zsh -f completions_capture.zsh SOURCE_DIRECTORY tinyhttpd WORD…

if [[ -z $TINYHTTPD_CAPTURE_CHILD ]]; then
    zmodload zsh/zpty
    script=${0:A}
    export TINYHTTPD_CAPTURE_CHILD=$1
    shift
    zpty child "zsh -f -i"
    zpty -w child "source ${(q)script}"
    zpty -r -m child output '*editor*is*ready*'
    zpty -w -n child "$*"$'\t'
    zpty -r -m child output '*end*of*matches*'
    print -r -- $output | tr -d '\r' | sed -n 's/.*match://p'
    zpty -d child
else
    stty -echo
    PS1= PS2= RPS1=
    LISTMAX=0
    fpath=($TINYHTTPD_CAPTURE_CHILD/completions $fpath)
    autoload -Uz compinit
    compinit -u -D

    compadd() {
        # With -O, -A or -D it only filters, and adds nothing.
        if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
            local -a matches
            builtin compadd -A matches "$@"
            (( $#matches )) && print -rl -- match:$^matches
        fi
        builtin compadd "$@"
    }
    complete_and_mark() {
        print
        zle complete-word
        print "\nend of matches"
    }
    zle -N complete_and_mark
    bindkey '^I' complete_and_mark
    print 'editor is ready'
fi
