# shellcheck shell=bash
# The prefix, and what runs in it. Part of deploy/quickstart, which sets prefix.
# shellcheck disable=SC2154

START_SECONDS=60
STOP_SECONDS=60
marker=rollcall-quickstart

# A directory becomes ours when it is empty or missing; another's is never touched.
claim_prefix() {
    if [[ -e $prefix && ! -f $prefix/$marker && -n $(ls -A "$prefix") ]]; then
        fail "$prefix is not empty and was not made by quickstart; name another with --prefix"
    fi
    mkdir -p "$prefix"
    chmod 711 "$prefix" # so that MariaDB can run as the user mysql
    echo "This directory belongs to deploy/quickstart, which may delete it." >"$prefix/$marker"
    mkdir -p "$prefix"/{secrets,run,log}
    chmod 700 "$prefix"/{secrets,run,log}
    exec {lock}>"$prefix/run/lock"
    flock -n "$lock" || fail "another quickstart is at work in $prefix"
}

require_our_prefix() {
    [[ -f $prefix/$marker ]] || fail "$prefix was not made by quickstart"
}

# Prints the process id when NAME runs. Ids are used again, so its arguments must name our log; /proc/PID/exe would be
# closed to us, because the executables refuse to be traced.
pid_of() {
    local pid
    pid=$(cat "$prefix/run/$1.pid" 2>/dev/null) || return 1
    { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF -e "$prefix/log/$1.access.log" && echo "$pid"
}

is_listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# require_free NAME PORT: nobody listens there, unless NAME itself runs.
require_free() {
    if ! pid_of "$1" >/dev/null && is_listening "$2"; then
        fail "port $2 is in use by another program; choose a free pair with --port N (N and N+1 are used)"
    fi
}

# launch NAME EXECUTABLE PORT OPTION...: as a daemon, unless it runs already.
launch() {
    local name=$1 executable=$2 its_port=$3
    shift 3
    if pid_of "$name" >/dev/null; then
        # A build that came later replaced the file; the process still runs the old one.
        [[ $executable -nt $prefix/run/$name.pid ]] || return 0
        stop_one "$name"
    fi
    require_free "$name" "$its_port"
    # The lock is not for the daemon to inherit.
    setsid "$executable" --listen "127.0.0.1:$its_port" --access-log "$prefix/log/$name.access.log" "$@" \
        </dev/null >>"$prefix/log/$name.log" 2>&1 {lock}>&- &
    echo $! >"$prefix/run/$name.pid"
    wait_ready "$name" $! "$its_port"
}

wait_ready() {
    local name=$1 pid=$2 its_port=$3 deadline=$((SECONDS + START_SECONDS))
    until curl -sf -o /dev/null --max-time 5 "http://127.0.0.1:$its_port/readyz"; do
        kill -0 "$pid" 2>/dev/null || fail "$name ended: $(tail -n 10 "$prefix/log/$name.log")"
        ((SECONDS < deadline)) || fail "$name is not ready: $(tail -n 10 "$prefix/log/$name.log")"
        sleep 0.05
    done
}

stop_one() {
    local pid deadline=$((SECONDS + STOP_SECONDS))
    pid=$(pid_of "$1") || return 0
    kill -TERM "$pid" 2>/dev/null || true
    while pid_of "$1" >/dev/null; do
        ((SECONDS < deadline)) || fail "$1 (process $pid) does not stop; see $prefix/log/$1.log"
        sleep 0.05
    done
    rm -f "$prefix/run/$1.pid"
}

stop_executables() {
    stop_one rollcall-server
    stop_one rollcall-admin
}
