#!/bin/sh
# Starts a development server on a free port, runs a command with its address in ZIM_SERVER_URL, and stops it.
#
#   with_server.sh SERVER COMMAND...
#
# SERVER is the path of zim-server. Its log goes to ZIM_SERVER_LOG, or to a temporary file that is shown on failure.
# Exits with the command's code, or 1 if the server does not start or did not live to the end.
set -u
server=${1:?usage: with_server.sh SERVER COMMAND...}
shift
log=${ZIM_SERVER_LOG:-$(mktemp)}
"$server" --dev --listen 127.0.0.1:0 >"$log" 2>&1 </dev/null &
pid=$!
trap 'kill $pid 2>/dev/null' EXIT
trap 'exit 130' INT TERM

url=
tries=0
while [ -z "$url" ]; do
    url=$(sed -n 's|.*listening on \(ws://[^[:space:]]*\).*|\1|p' "$log" | head -n 1)
    tries=$((tries + 1))
    if [ -z "$url" ] && { [ $tries -gt 200 ] || ! kill -0 $pid 2>/dev/null; }; then
        echo "with_server: $server does not listen:" >&2
        cat "$log" >&2
        exit 1
    fi
    [ -n "$url" ] || sleep 0.05
done

code=0
ZIM_SERVER_URL=$url ZIM_SERVER_PID=$pid "$@" || code=$?
if ! kill -0 $pid 2>/dev/null; then
    echo "with_server: the server has died" >&2
    [ $code -ne 0 ] || code=1
fi
if [ $code -ne 0 ]; then
    echo "with_server: the end of the server's log:" >&2
    tail -n 40 "$log" >&2
fi
kill $pid 2>/dev/null
wait $pid 2>/dev/null
[ -n "${ZIM_SERVER_LOG:-}" ] || rm -f "$log"
exit $code
