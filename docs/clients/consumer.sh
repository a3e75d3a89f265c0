#!/bin/bash
# Keeps users, groups and memberships of all your customers in step, in one JSON file. curl and jq, nothing else.
#
#     ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=… ./consumer.sh people.json
set -uo pipefail
table=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

get() { curl -sS --fail-with-body -G "$ROLLCALL_URL$1" -H "Authorization: Bearer $ROLLCALL_KEY" "${@:2}"; }

# Reads a table, and pages of events and lines of snapshots behind it; replaces the table by what they come to.
apply() {
  jq -nc '
    def put($noun; $organization; $directory; $told): .[$noun + "s"][$told[$noun].id] |= {$organization, $directory,
      version: $told.version, document: $told[$noun], members: (.members // {})};
    def join($group; $members): reduce $members[] as $each (.; .groups[$group].members[$each.id] = $each.type);
    def leave($group; $members): reduce $members[] as $each (.; del(.groups[$group].members[$each.id]));
    def event($e): ($e.type / ".") as [$noun, $what] | $e.data as $data | $data[$noun].id? as $id |
      if $noun != "user" and $noun != "group" then .
      elif $data.version < (.[$noun + "s"][$id].version // 0) then .  # older than what is here
      elif $what == "deleted" then del(.[$noun + "s"][$id], .groups[].members[$id])
      else put($noun; $e.organization_id; $e.directory_id; $data)
        | if $what == "member_removed" then leave($id; $data.members) else join($id; $data.members // []) end
      end;
    reduce inputs as $line (input;
      if $line.events then reduce $line.events[] as $event (.; event($event)) | .cursor = $line.next_cursor
      elif $line.type == "organization" then
        .reading = $line.organization.id | .reading as $gone | del((.users, .groups)[] | select(.organization == $gone))
      elif $line.type == "members" then join($line.group_id; $line.members)
      elif $line.user or $line.group then put($line.type; .reading; $line.directory_id; $line)
      else . end)' >"$table.new" && mv "$table.new" "$table"
}

# All of one customer anew. One that has been deleted has nothing.
snapshot() {
  jq -nc --arg id "$1" '{type: "organization", organization: {$id}}'
  if get "/v1/organizations/$1/snapshot" >"$work/snapshot"; then
    cat "$work/snapshot" && tail -n 1 "$work/snapshot" | jq -e '.type == "end"' >/dev/null
  else
    grep -q problem:organization-not-found "$work/snapshot"
  fi
}

snapshots() { while read -r organization; do snapshot "$organization" || return; done; }

organizations() {
  local cursor=
  while get /v1/organizations -d limit=100 ${cursor:+--data-urlencode "cursor=$cursor"} >"$work/page"; do
    jq -r '.organizations[].id' "$work/page"
    cursor=$(jq -r '.next_cursor // empty' "$work/page")
    [ -n "$cursor" ] || return 0
  done
  return 1
}

# The cursor first: what happens while snapshots are taken comes again behind it, and is known to be old.
begin() {
  get /v1/events -d cursor=now | jq -c '{cursor: .next_cursor, users: {}, groups: {}}' >"$work/all" &&
    organizations >"$work/organizations" && snapshots <"$work/organizations" >>"$work/all" && apply <"$work/all"
}

follow() {
  get /v1/events --data-urlencode "cursor=$(jq -r .cursor "$table")" -d limit=1000 -d wait=30 \
    -d types='user.*,group.*,organization.*,directory.*' >"$work/events" &&
    jq -r '.events[] | select(.type | test("^(organization|directory)\\.(deleted|restored)$")).organization_id' \
      "$work/events" | sort -u >"$work/organizations" &&
    cat "$table" "$work/events" >"$work/all" && snapshots <"$work/organizations" >>"$work/all" && apply <"$work/all"
}

while true; do
  : >"$work/events"
  if [ -s "$table" ]; then follow; else begin; fi && continue
  if grep problem:expired-cursor "$work/events" >&2; then rm "$table"; fi # and so begin again
  sleep 1
done
