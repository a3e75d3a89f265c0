# shellcheck shell=bash
# The database, its accounts, and the first organization. Part of deploy/quickstart, which sets root, prefix, port and
# admin_port, and prints what is found here.
# shellcheck disable=SC2154,SC2034

external_id=example
database=rollcall
server_role=rollcall_data
admin_role=rollcall_control

start_database() {
    say "Starting a private MariaDB in $prefix/mariadb"
    socket=$("$root/deploy/private-mariadb" start "$prefix/mariadb" {lock}>&-)
    sql <<<"CREATE DATABASE IF NOT EXISTS $database CHARACTER SET utf8mb4"
}

sql() {
    "$root/deploy/private-mariadb" client "$prefix/mariadb" --batch --skip-column-names
}

database_url() {
    echo "mariadb://$1@localhost/$database?socket=$socket"
}

# A secret is written whole or not at all, readable by the owner alone.
keep_secret() {
    local file=$prefix/secrets/$1
    (umask 077 && cat >"$file.new")
    [[ -s $file.new ]] || fail "could not make $file; see $prefix/log"
    mv "$file.new" "$file"
}

make_secrets() {
    local account
    [[ -f $prefix/secrets/pepper ]] || admin_command pepper
    for account in rollcall_server rollcall_admin; do
        [[ -f $prefix/secrets/$account.password ]] ||
            head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' | keep_secret "$account.password"
    done
}

# rollcall-admin COMMAND as its own account, or as the owner of the database.
admin_command() {
    ROLLCALL_PEPPER_FILE=$prefix/secrets/pepper ROLLCALL_DATABASE_URL=$(database_url rollcall_admin) \
        ROLLCALL_DATABASE_PASSWORD_FILE=$prefix/secrets/rollcall_admin.password \
        "$root/build/release/admin-api/rollcall-admin" "$@"
}

migrate() {
    ROLLCALL_DATABASE_URL=$(database_url root) "$root/build/release/admin-api/rollcall-admin" migrate >&2
}

make_account() {
    local account=$1 role=$2
    sql <<END
CREATE USER IF NOT EXISTS \`$account\`@localhost IDENTIFIED BY '$(<"$prefix/secrets/$account.password")';
GRANT \`$role\` TO \`$account\`@localhost;
SET DEFAULT ROLE \`$role\` FOR \`$account\`@localhost;
END
}

make_accounts() {
    make_account rollcall_server "$server_role"
    make_account rollcall_admin "$admin_role"
}

start_executables() {
    local public_url=http://127.0.0.1:$port
    admin_url=http://127.0.0.1:$admin_port
    say "Starting rollcall-server on $public_url and rollcall-admin on $admin_url"
    export ROLLCALL_PEPPER_FILE=$prefix/secrets/pepper
    launch rollcall-server "$root/build/release/server/rollcall-server" "$port" \
        --database-url "$(database_url rollcall_server)" \
        --database-password-file "$prefix/secrets/rollcall_server.password"
    launch rollcall-admin "$root/build/release/admin-api/rollcall-admin" "$admin_port" \
        --database-url "$(database_url rollcall_admin)" \
        --database-password-file "$prefix/secrets/rollcall_admin.password" --public-url "$public_url" \
        --webhook-allow 127.0.0.0/8 --webhook-allow-http 1 # to be tried out on this machine
    echo "$port" >"$prefix/port"
}

# api KEY METHOD PATH [JSON]: the answer's body; fails with it unless the status is a success.
api() {
    local key=$1 method=$2 path=$3 answer
    shift 3
    answer=$(curl -sS --max-time 30 -X "$method" "$admin_url$path" -H @- -H 'Content-Type: application/json' \
        ${1:+--data "$1"} -w '\n%{http_code}' <<<"Authorization: Bearer $key")
    [[ ${answer##*$'\n'} == 2* ]] || fail "$method $path was answered: $answer"
    echo "${answer%$'\n'*}"
}

make_organization() {
    local created
    token=
    make_environment
    if created=$(find_organization); then
        organization_id=$(jq -r '.id' <<<"$created")
        connector_url=$(jq -r '.connector_url' <<<"$created")
        directory_id=$(jq -r '.primary_directory_id' <<<"$created")
        return
    fi
    created=$(api "$admin_key" POST /v1/organizations \
        "$(jq -cn --arg external_id "$external_id" '{display_name: "Example", $external_id}')")
    organization_id=$(jq -r '.organization.id' <<<"$created")
    directory_id=$(jq -r '.directory.id' <<<"$created")
    connector_url=$(jq -r '.connector_url' <<<"$created")
    token=$(jq -r '.token' <<<"$created")
}

make_environment() {
    local operator environment name
    if [[ ! -f $prefix/secrets/admin.key ]]; then
        [[ -f $prefix/secrets/operator.key ]] ||
            admin_command operator-key --another 2>>"$prefix/log/operator-key.log" | keep_secret operator.key
        operator=$(<"$prefix/secrets/operator.key")
        name=default
        environment=$(api "$operator" GET /v1/environments |
            jq -r --arg name "$name" 'first(.environments[] | select(.name == $name) | .id) // empty')
        [[ -n $environment ]] || environment=$(api "$operator" POST /v1/environments "{\"name\": \"$name\"}" | jq -r .id)
        api "$operator" POST "/v1/environments/$environment/keys" '{"label": "quickstart"}' | jq -r .key |
            keep_secret admin.key
    fi
    admin_key=$(<"$prefix/secrets/admin.key")
}

find_organization() {
    curl -sf --max-time 30 "$admin_url/v1/organizations/external_id:$external_id" -H @- \
        <<<"Authorization: Bearer $admin_key"
}
