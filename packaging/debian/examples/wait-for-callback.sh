#!/bin/sh
# SPDX-License-Identifier: MIT
# wait-for-callback.sh COMMAND…: runs a command that is to call a URL back when it is done, such as a job with a webhook, with
# the URL in CALLBACK_URL. Prints the request that came. Fails when none came within the minute.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

tinyhttpd --quiet --listen 127.0.0.1:0 --port-file "$folder/port" --once --max-time 1m --status 204 \
    --access-log "$folder/requests" --log-format json &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT
until [ -s "$folder/port" ]; do
    kill -0 "$server" || exit 1
    sleep 0.05
done

CALLBACK_URL="http://127.0.0.1:$(cat "$folder/port")/" "$@"
# 4: the time is over and nobody has called.
wait "$server"
cat "$folder/requests"
