# SPDX-License-Identifier: MIT
# Completion of tinyhttpd for bash, 3.2 of macOS included: no mapfile, no bash-completion functions.
# The flags and values are those of src/config/option_table.cpp; tests/tidy compares the two.
# shellcheck shell=bash

_tinyhttpd_words() {
    # Words that begin with $1, one per element; none holds white space.
    local IFS=$' \t\n'
    # shellcheck disable=SC2207  # mapfile is not in bash 3.2
    COMPREPLY=($(compgen -W "$2" -- "$1"))
}

_tinyhttpd_files() {
    # File names may hold spaces: one per line.
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    # shellcheck disable=SC2207
    COMPREPLY=(${COMPREPLY[@]+"${COMPREPLY[@]}"} $(compgen -f -- "$1"))
}

_tinyhttpd_probe() {
    # tinyhttpd probe: $1 is the word to complete, $2 the one before it.
    case $2 in
        --config | -c) _tinyhttpd_files "$1" ;;
        --listen | -l) _tinyhttpd_words "$1" '127.0.0.1:8000 localhost:8000 [::1]:8000 :8000 unix:' ;;
        --expect-status) _tinyhttpd_words "$1" '200 200-299 200-399' ;;
        --header | -H | --expect-body | --timeout | --retries | --wait) ;;
        *)
            case $1 in
                -*)
                    _tinyhttpd_words "$1" '-l --listen -c --config -H --header --expect-status --expect-body --timeout --retries
                        --wait -q --quiet -h --help'
                    ;;
            esac
            ;;
    esac
}

_tinyhttpd() {
    local current=${COMP_WORDS[COMP_CWORD]} previous='' i
    [ "$COMP_CWORD" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}
    # '=' is a word of its own where COMP_WORDBREAKS has it: --engine = ep
    if [ "$current" = '=' ]; then
        current=''
    elif [ "$previous" = '=' ]; then
        [ "$COMP_CWORD" -gt 1 ] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        # Behind -- there is only the body, which nobody can guess.
        [ "${COMP_WORDS[i]}" = '--' ] && return 0
    done

    if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = probe ]; then
        _tinyhttpd_probe "$current" "$previous"
        return 0
    fi

    case $previous in
        --body-file | --down-file | --port-file | --config | -c)
            _tinyhttpd_files "$current"
            return 0
            ;;
        --capture)
            _tinyhttpd_words "$current" 'off -'
            _tinyhttpd_files "$current"
            return 0
            ;;
        --access-log)
            _tinyhttpd_words "$current" 'off - stdout stderr'
            _tinyhttpd_files "$current"
            return 0
            ;;
        --listen | -l)
            _tinyhttpd_words "$current" '127.0.0.1:8000 127.0.0.1:0 localhost:8000 [::1]:8000 :8000 unix: systemd'
            return 0
            ;;
        --engine)
            _tinyhttpd_words "$current" 'auto io_uring epoll kqueue'
            return 0
            ;;
        --log-format)
            _tinyhttpd_words "$current" 'common combined json'
            return 0
            ;;
        --log-overflow)
            _tinyhttpd_words "$current" 'drop block'
            return 0
            ;;
        --log-level)
            _tinyhttpd_words "$current" 'error warn info debug'
            return 0
            ;;
        --workers | -w | --max-connections)
            _tinyhttpd_words "$current" 'auto'
            return 0
            ;;
        --status | -s)
            _tinyhttpd_words "$current" '200 201 204 301 302 304 307 308 400 401 403 404 409 410 429 500 502 503 504'
            return 0
            ;;
        --unix-mode)
            _tinyhttpd_words "$current" '0600 0660 0666'
            return 0
            ;;
        --content-type)
            _tinyhttpd_words "$current" 'text/plain text/html application/json application/octet-stream'
            return 0
            ;;
        --sequence)
            _tinyhttpd_words "$current" '503x2,ok reset,ok ok close reset hang truncate garbage'
            return 0
            ;;
        --fault)
            _tinyhttpd_words "$current" '503:5% close:1% reset:1% hang:1% truncate:1% garbage:1%'
            return 0
            ;;
        --delay)
            _tinyhttpd_words "$current" '100ms 50ms-2s 80ms~400ms 2s:1%'
            return 0
            ;;
        --health)
            _tinyhttpd_words "$current" '/healthz /livez'
            return 0
            ;;
        --ready)
            _tinyhttpd_words "$current" '/readyz'
            return 0
            ;;
        --body | -b | --header | -H | --variant | --cors | --route | --limit-rate | --seed | --ready-after | --unhealthy-after | \
            --backlog | --read-buffer | --write-buffer | --max-head | --max-body | \
            --keepalive-requests | --head-timeout | --body-timeout | --idle-timeout | --write-timeout | --log-buffer | \
            --log-flush | --ready-fd | --max-requests | --max-time | --exit-idle | --capture-body | --expect | --shutdown-timeout | --shutdown-delay)
            return 0
            ;;
    esac

    case $current in
        -*)
            _tinyhttpd_words "$current" '-b --body --body-file -s --status -H --header --content-type --variant
                --date --no-date --server-header --no-server-header --cors
                --route --sequence --fault --delay --limit-rate --seed
                --health --ready --ready-after --unhealthy-after --down-file --unready
                -l --listen --unix-mode --backlog --proxy-protocol -w --workers --pin-workers --engine
                --read-buffer --write-buffer --max-head --max-body --max-connections
                --keepalive --no-keepalive --keepalive-requests --head-timeout --body-timeout
                --idle-timeout --write-timeout
                --access-log --log-format --log-buffer --log-flush --log-overflow --log-level
                --capture --capture-body --expect
                --port-file --ready-fd --max-requests --once --max-time --exit-idle --shutdown-timeout --shutdown-delay
                -c --config -t --check --print-config -q --quiet -h --help -V --version'
            ;;
        *)
            [ "$COMP_CWORD" -eq 1 ] && _tinyhttpd_words "$current" 'probe'
            ;;
    esac
}

complete -F _tinyhttpd tinyhttpd
