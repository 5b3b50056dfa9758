#!/bin/sh
# SPDX-License-Identifier: MIT
# What a real shell offers: prints the completions of its last argument, one a line. Called by completions_test.cpp,
# which knows that the shell is there.
#   completions_complete.sh bash|zsh|fish SOURCE_DIRECTORY tinyhttpd WORD…
set -eu

shell=$1
directory=$2/completions
shift 2

case $shell in
bash)
    # shellcheck disable=SC2016  # bash expands it, not this shell
    exec bash --norc -c '
        source "$1/tinyhttpd.bash"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        function=$(complete -p tinyhttpd)
        function=${function#*-F }
        "${function%% *}"
        for word in ${COMPREPLY[@]+"${COMPREPLY[@]}"}; do printf "%s\n" "$word"; done
    ' bash "$directory" "$@"
    ;;
fish)
    # shellcheck disable=SC2016
    exec fish --no-config -c '
        source "$argv[1]/tinyhttpd.fish"
        complete -C (string join -- " " $argv[2..-1]) | string replace -r "\t.*" ""
        true
    ' "$directory" "$@"
    ;;
zsh)
    exec zsh -f "$(dirname "$0")/completions_capture.zsh" "${directory%/completions}" "$@"
    ;;
esac
