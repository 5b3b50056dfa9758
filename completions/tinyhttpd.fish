# SPDX-License-Identifier: MIT
# Completion of tinyhttpd for fish. The flags and values are those of src/config/option_table.cpp; tests/tidy compares them.

# Whether the words so far are those of `tinyhttpd probe`, which is the very first one.
function __tinyhttpd_probes
    set --local words (commandline -opc)
    test (count $words) -gt 1; and test "$words[2]" = probe
end

complete -c tinyhttpd -f
complete -c tinyhttpd -n 'test (count (commandline -opc)) -eq 1' -a probe -d 'Ask a server whether it is up'

complete -c tinyhttpd -n __tinyhttpd_probes -s l -l listen -x -a '127.0.0.1:8000 localhost:8000 [::1]:8000 :8000 unix:' -d 'Where the server listens'
complete -c tinyhttpd -n __tinyhttpd_probes -s c -l config -r -F -d 'The configuration file of the server'
complete -c tinyhttpd -n __tinyhttpd_probes -s H -l header -x -d 'Send this header'
complete -c tinyhttpd -n __tinyhttpd_probes -l expect-status -x -a '200 200-299 200-399' -d 'Healthy status codes'
complete -c tinyhttpd -n __tinyhttpd_probes -l expect-body -x -d 'Text that has to be in the content'
complete -c tinyhttpd -n __tinyhttpd_probes -l timeout -x -d 'Time for each attempt'
complete -c tinyhttpd -n __tinyhttpd_probes -l retries -x -d 'Attempts after the first one'
complete -c tinyhttpd -n __tinyhttpd_probes -l wait -x -d 'Go on until it is healthy, for this long'
complete -c tinyhttpd -n __tinyhttpd_probes -s q -l quiet -d 'Do not say why it is not healthy'
complete -c tinyhttpd -n __tinyhttpd_probes -s h -l help -d 'Print the help, then exit'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s b -l body -x -d 'Answer with this text, byte for byte'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l body-file -r -F -d 'Answer with this file'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s s -l status -x -a '200 201 204 301 302 304 307 308 400 401 403 404 409 410 429 500 502 503 504' -d 'Status code, 200 to 999'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s H -l header -x -d 'Add or replace a header, or remove a default one'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l content-type -x -a 'text/plain text/html application/json application/octet-stream' -d 'Content type of the body'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l variant -x -a 'gzip: br: zstd: deflate:' -d 'The body compressed, for clients that accept it'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l date -d 'Send a Date header'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l no-date -d 'Leave the Date header out'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l server-header -d 'Send Server: tinyhttpd'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l no-server-header -d 'Leave the Server header out'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l cors -x -d 'Let scripts of this origin read the answers'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l route -x -d 'Answer this path otherwise'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l sequence -x -a '503x2,ok reset,ok ok close reset hang truncate garbage' -d 'Outcomes in order of arrival'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l fault -x -a '503:5% close:1% reset:1% hang:1% truncate:1% garbage:1%' -d 'Outcomes by chance'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l delay -x -a '100ms 50ms-2s 80ms~400ms 2s:1%' -d 'Wait before answering'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l limit-rate -x -d 'Bytes of body a second'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l seed -x -d 'Repeat the faults and delays of a run'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l health -x -a '/healthz /livez' -d 'Answer this path with the liveness'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l ready -x -a '/readyz' -d 'Answer this path with the readiness'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l ready-after -x -d 'Not ready before this time'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l unhealthy-after -x -d 'Unhealthy from this time on'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l down-file -r -F -d 'Not ready while this file exists'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l unready -d 'Begin not ready'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s l -l listen -x -a '127.0.0.1:8000 127.0.0.1:0 localhost:8000 [::1]:8000 :8000 unix: systemd' -d 'Listen on this address'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l unix-mode -x -a '0600 0660 0666' -d 'Permissions of a unix socket'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l backlog -x -d 'Connections the kernel queues'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l proxy-protocol -d 'Every connection begins with a PROXY header'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s w -l workers -x -a 'auto' -d 'Worker threads'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l pin-workers -d 'Keep each worker on one CPU'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l engine -x -a 'auto io_uring epoll kqueue' -d 'How bytes are moved'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l read-buffer -x -d 'Bytes asked for per receive'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l write-buffer -x -d 'Bytes of answers gathered before one send'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l max-head -x -d 'Longest request head'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l max-body -x -d 'Longest request body'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l max-connections -x -a 'auto' -d 'Connections at a time'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l keepalive -d 'Keep connections open between requests'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l no-keepalive -d 'Close each connection after its first request'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l keepalive-requests -x -d 'Requests answered on one connection'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l head-timeout -x -d 'Time for a whole request head'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l body-timeout -x -d 'Time for a whole request body; a stall is cut at head-timeout'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l idle-timeout -x -d 'Wait between two requests'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l write-timeout -x -d 'Time without progress in sending'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l access-log -r -F -a 'off - stdout stderr' -d 'Log requests to a file'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l log-format -x -a 'common combined json' -d 'Format of the access log'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l log-buffer -x -d 'Write the access log in batches of this size'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l log-flush -x -d 'Write a smaller batch after this time'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l log-overflow -x -a 'drop block' -d 'When lines come faster than they are written'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l log-level -x -a 'error warn info debug' -d 'Least severe diagnostics shown'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l capture -r -F -d 'Append each request as JSON to this file'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l capture-body -x -d 'Bytes of a body that are captured'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l expect -x -d 'Exit with status 5 unless this came'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l port-file -r -F -d 'Write the port number to this file'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l ready-fd -x -d 'Write a newline to this file descriptor when ready'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l max-requests -x -d 'Exit after this many answered requests'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l once -d 'Exit after one answered request'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l max-time -x -d 'Exit after this time'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l exit-idle -x -d 'Exit once nothing has come for this long'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l shutdown-timeout -x -d 'Longest wait for running requests at the end'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l shutdown-delay -x -d 'Go on accepting this long after TERM'

complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s c -l config -r -F -d 'Read this TOML file'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s t -l check -d 'Validate everything, then exit'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -l print-config -d 'Print the effective configuration, then exit'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s q -l quiet -d 'Do not print the addresses'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s h -l help -d 'Print the help, then exit'
complete -c tinyhttpd -n 'not __tinyhttpd_probes' -s V -l version -d 'Print the version, then exit'
