#!/bin/sh
# Runs all examples: run_all.sh BUILD. The server's address is in ZIM_SERVER_URL. The keys are typed by the script.
set -eu
build=$1

echo "== call_demo"
"$build/call_demo"

echo "== poll_loop"
"$build/poll_loop"

# Starts `callee`, waits until it waits for calls, runs `caller`, and compares both exit codes.
two_terminals() { # title, exit code of the caller, callee's answer, caller's arguments
    title=$1 wanted=$2 answer=$3
    shift 3
    echo "== caller and callee: $title"
    rm -f "$build/callee.log"
    "$build/callee" --user bob --answer "$answer" --calls 1 </dev/null >"$build/callee.log" 2>&1 &
    callee=$!
    tries=0
    until grep -q 'waits for calls' "$build/callee.log"; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 $callee 2>/dev/null; then
            echo "the callee did not log in"
            cat "$build/callee.log"
            exit 1
        fi
        sleep 0.05
    done
    code=0
    "$build/caller" --user alice "$@" bob </dev/null || code=$?
    wait $callee || { echo "the callee failed"; cat "$build/callee.log"; exit 1; }
    cat "$build/callee.log"
    if [ $code -ne "$wanted" ]; then
        echo "the caller ended with $code instead of $wanted"
        exit 1
    fi
}
two_terminals "accept" 0 accept
two_terminals "reject" 2 reject
two_terminals "cancel" 2 ignore --cancel-when ringing
two_terminals "time-out" 2 ignore --timeout 1

echo "all examples ended as they should"
