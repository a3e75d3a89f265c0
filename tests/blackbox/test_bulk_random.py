"""Random requests in bulk leave what the same requests one by one leave, and are answered alike."""

import random

import pytest

from harness.bulk import bulk, ref, statuses
from harness.scim import GROUP, USER, patch_of

OPERATIONS = 90
NAMES = [f"n{i}" for i in range(60)]


class Sequence:
    """Operations whose references name the ones before them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.users, self.groups, self.operations = [], [], []
        for number in range(OPERATIONS):
            self.operations.append(self.operation(f"op{number}"))

    def operation(self, bulk_id):
        kinds = [self.new_user, self.new_user, self.new_group, self.new_group]
        if self.users:
            kinds += [self.put_user, self.patch_user, self.patch_user, self.delete_user]
        if self.groups:
            kinds += [self.put_group, self.patch_group, self.patch_group, self.patch_group, self.delete_group]
        return self.random.choice(kinds)(bulk_id)

    def name(self):
        return self.random.choice(NAMES)

    def user_data(self):
        data = {"schemas": [USER], "userName": self.name()}
        return data if self.random.random() < 0.9 else {"schemas": [USER]}

    def members(self):
        known = self.users + self.groups
        return [{"value": ref(self.random.choice(known))} for _ in range(self.random.randrange(4)) if known]

    def group_data(self):
        return {"schemas": [GROUP], "displayName": self.name(), "members": self.members()}

    def new_user(self, bulk_id):
        data = self.user_data()
        self.users.append(bulk_id)
        return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}

    def new_group(self, bulk_id):
        data = self.group_data()
        self.groups.append(bulk_id)
        return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}

    def some(self, kind):
        return f"/{kind}/{ref(self.random.choice(self.users if kind == 'Users' else self.groups))}"

    def put_user(self, _):
        return {"method": "PUT", "path": self.some("Users"), "data": self.user_data()}

    def patch_user(self, _):
        path = self.random.choice(["title", "userName", "nickName"])
        change = {"op": self.random.choice(["add", "replace"]), "path": path, "value": self.name()}
        return {"method": "PATCH", "path": self.some("Users"), "data": patch_of(change)}

    def delete_user(self, _):
        return {"method": "DELETE", "path": self.some("Users")}

    def put_group(self, _):
        return {"method": "PUT", "path": self.some("Groups"), "data": self.group_data()}

    def patch_group(self, _):
        target = self.random.choice(self.users + self.groups)
        change = self.random.choice(
            [
                {"op": "add", "path": "members", "value": self.members() or [{"value": ref(target)}]},
                {"op": "remove", "path": f'members[value eq "{ref(target)}"]'},
                {"op": "replace", "path": "members", "value": self.members()},
                {"op": "replace", "path": "displayName", "value": self.name()},
            ]
        )
        return {"method": "PATCH", "path": self.some("Groups"), "data": patch_of(change)}

    def delete_group(self, _):
        return {"method": "DELETE", "path": self.some("Groups")}


def resolved(value, ids):
    if isinstance(value, dict):
        return {name: resolved(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, ids) for item in value]
    if isinstance(value, str):
        for bulk_id, identifier in ids.items():
            for before, after in (("", ""), ('"', '"'), ("/", "")):
                wanted = before + ref(bulk_id) + after
                if value == wanted or (before and (value.endswith(wanted) or wanted + "]" in value)):
                    return value.replace(wanted, before + identifier + after)
    return value


def one_by_one(scim, operations):
    """The statuses, and what refers to a failed one is not sent: it cannot be named."""
    ids, failed, answered = {}, set(), []
    for operation in operations:
        bulk_id = operation.get("bulkId")
        if any(f"{ref(name)}{end}" in str(operation) for name in failed for end in ("'", '"')):
            status = 409
        else:
            answer = scim.request(operation["method"], resolved(operation["path"], ids), json=resolved(operation.get("data"), ids))
            status = answer.status
            if bulk_id and status == 201:
                ids[bulk_id] = answer["id"]
        if bulk_id and status != 201:
            failed.add(bulk_id)
        answered.append(status)
    return answered


def state(scim):
    """Everything, by names instead of ids."""
    users = scim.get("/Users?count=1000", expect=200)["Resources"]
    groups = scim.get("/Groups?count=1000", expect=200)["Resources"]
    names = {r["id"]: r["userName"] for r in users} | {r["id"]: "group " + r["displayName"] for r in groups}

    def referred(resource, attribute):
        return sorted(names[entry["value"]] for entry in resource.get(attribute) or [])

    return {
        names[r["id"]]: (r.get("title"), r.get("nickName"), referred(r, "groups"), referred(r, "members"))
        for r in users + groups
    }


@pytest.mark.parametrize("seed", range(25))
def test_B_08_B_13_a_random_bulk_does_what_the_single_requests_do(rollcall, seed):
    operations = Sequence(seed).operations
    alone, together = rollcall.new_organization().scim, rollcall.new_organization().scim
    expected = one_by_one(alone, operations)
    results = bulk(together, *operations)
    assert statuses(results) == expected
    assert state(together) == state(alone)
    alone.close()
    together.close()
