"""Resources in the form that events and snapshots have: without what is made of other rows."""

from .scim import ENTERPRISE

DERIVED = {"meta", "groups", "members"}


def stored(resource):
    kept = {name: value for name, value in resource.items() if name not in DERIVED}
    if "manager" in kept.get(ENTERPRISE, {}):
        kept[ENTERPRISE] = {**kept[ENTERPRISE], "manager": {"value": kept[ENTERPRISE]["manager"]["value"]}}
    return kept


def version_of(resource):
    return int(resource["meta"]["version"].removeprefix('W/"').rstrip('"').split("-")[0])


def all_of(scim, collection):
    found = []
    while True:
        page = scim.get(f"/{collection}?startIndex={len(found) + 1}&count=1000", expect=200)
        found += page["Resources"]
        if len(found) >= page["totalResults"] or not page["Resources"]:
            return found


def directory_of(scim):
    """All of a directory as a client that follows it is to have it: users and groups with their versions, and who is in which group."""
    users, groups = all_of(scim, "Users"), all_of(scim, "Groups")
    return {
        "users": {each["id"]: (version_of(each), stored(each)) for each in users},
        "groups": {each["id"]: (version_of(each), stored(each)) for each in groups},
        "members": {(group["id"], member["value"]) for group in groups for member in group.get("members", [])},
    }
