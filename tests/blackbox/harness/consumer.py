"""A vendor's copy of what its customers' directories hold: begun with snapshots, kept in step by events.

It obeys the rule of docs/events.md and nothing else: what has a lower version than what is there is passed over."""

import json


def canonical(document):
    """The same text for the same thing."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Copy:
    """By (directory, id): (version, document). Of what is gone the version is kept, without a document."""

    def __init__(self):
        self.users, self.groups, self.resources = {}, {}, {}
        self.members = {}  # (directory, group): {(id, type)}
        self.owners = {}  # of directories
        self.stale = set()  # directories that are back, and of which a snapshot has to be taken
        self.applied = 0

    # --- snapshots ---

    def load(self, lines):
        """The lines of a snapshot; returns its cursor. What was there of its directories is replaced."""
        assert lines and lines[-1]["type"] == "end", "a snapshot without its end"
        for line in lines:
            name, directory = line["type"], line.get("directory_id")
            if name == "directory":
                self.forget(line["directory"]["id"])
                self.owners[line["directory"]["id"]] = line["directory"]["organization_id"]
            elif name in ("user", "group", "resource"):
                table = getattr(self, f"{name}s")
                table[directory, line[name]["id"]] = (line["version"], line[name])
            elif name == "members":
                members = self.members.setdefault((directory, line["group_id"]), set())
                members |= {(member["id"], member["type"]) for member in line["members"]}
        return lines[-1]["cursor"]

    def forget(self, directory):
        """Everything of a directory."""
        for table in (self.users, self.groups, self.resources, self.members):
            for key in [key for key in table if key[0] == directory]:
                del table[key]
        self.stale.discard(directory)

    # --- events ---

    def apply(self, event):
        noun, what = event["type"].split(".")
        if event["directory_id"]:
            self.owners[event["directory_id"]] = event["organization_id"]
        if noun in ("user", "group", "resource"):
            self.applied += self._apply(noun, what, event["directory_id"], event["data"])
        elif event["type"] in ("directory.deleted", "directory.erased"):
            self.forget(event["directory_id"])
        elif event["type"] == "directory.restored":
            self.stale.add(event["directory_id"])
        elif noun == "organization":
            self._apply_to_all(event["organization_id"], what)

    def _apply_to_all(self, organization, what):
        for directory in [directory for directory, owner in self.owners.items() if owner == organization]:
            if what in ("deleted", "erased"):
                self.forget(directory)
            elif what == "restored":
                self.stale.add(directory)

    def _apply(self, noun, what, directory, data):
        table, document = getattr(self, f"{noun}s"), data[noun]
        key = directory, document["id"]
        if data["version"] < table.get(key, (0, None))[0]:
            return False
        if what == "deleted":
            table[key] = data["version"], None
            self._end_memberships(noun, key)
            return True
        table[key] = data["version"], document
        if what in ("member_added", "member_removed"):
            those = {(member["id"], member["type"]) for member in data["members"]}
            members = self.members.setdefault(key, set())
            self.members[key] = members | those if what == "member_added" else members - those
        return True

    def _end_memberships(self, noun, key):
        self.members.pop(key, None)
        member = key[1], noun.capitalize()
        for (directory, _), members in self.members.items():
            if directory == key[0]:
                members.discard(member)

    # --- comparing ---

    def view(self, versions=True):
        """What is there, in one form. versions=False: without them (what the guard holds is told with another)."""

        def there(table):
            rows = ((f"{directory}/{id}", row) for (directory, id), row in table.items() if row[1] is not None)
            return {name: [version, document] if versions else document for name, (version, document) in rows}

        members = {f"{directory}/{id}": sorted(map(list, rows)) for (directory, id), rows in self.members.items() if rows}
        return {
            "users": there(self.users),
            "groups": there(self.groups),
            "resources": there(self.resources),
            "members": members,
        }


def differences(left, right, most=12):
    """Between two views, readable; empty when they are the same byte for byte."""
    found = []
    for table in left:
        names = left[table].keys() | right[table].keys()
        for name in sorted(names):
            one, two = canonical(left[table].get(name)), canonical(right[table].get(name))
            if one != two:
                found.append(f"{table} {name}:\n    {one[:600]}\n    {two[:600]}")
    return found[:most] + ([f"… and {len(found) - most} more"] if len(found) > most else [])


def snapshot(admin, organization, directory=None):
    """Its lines."""
    query = f"?directory_id={directory}" if directory else ""
    answer = admin.request("GET", f"/v1/organizations/{organization}/snapshot{query}", expect=200)
    return [json.loads(line) for line in answer.body.splitlines()]


def copy_of(admin, *organizations):
    """What the admin API shows now."""
    copy = Copy()
    for organization in organizations:
        copy.load(snapshot(admin, organization))
    return copy


class Follower:
    """A copy of some organizations, and how far it has read."""

    def __init__(self, admin, *organizations, limit=1000):
        self.admin, self.limit = admin, limit
        self.copy, self.cursor = Copy(), None
        self.seen = []  # events
        for organization in organizations:
            cursor = self.copy.load(snapshot(admin, organization))
            self.cursor = self.cursor or cursor  # of the first: what happened meanwhile comes once more
        self.organizations = set(organizations)

    def page(self, rest=""):
        answer = self.admin.get(f"/v1/events?cursor={self.cursor}&limit={self.limit}{rest}", expect=200)
        for event in answer["events"]:
            if event["organization_id"] in self.organizations:
                self.seen.append(event)
                self.copy.apply(event)
        self.cursor = answer["next_cursor"]
        return answer

    def follow(self):
        """To the end of the feed. Returns the events."""
        first = len(self.seen)
        while True:
            answer = self.page()
            if not answer["events"] and not answer["has_more"]:
                return self.seen[first:]
