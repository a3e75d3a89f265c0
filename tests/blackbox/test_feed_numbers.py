"""The sequencer: what was committed has its number, once, in the order of what depends on what."""

from harness.wait import until

FEED = (
    "SELECT f.sequence, f.source, f.type, f.kind, LOWER(HEX(f.resource_id)), f.is_primary FROM feed f"
    " JOIN organization o ON o.environment_id = f.environment_id"
    " WHERE f.organization_id = o.id AND o.external_id = %s ORDER BY f.sequence"
)


def ids(*resources):
    return [resource["id"].replace("-", "") for resource in resources]


def numbered(rollcall):
    until(lambda: rollcall.database.query("SELECT COUNT(*) FROM outbox")[0][0] == 0, "the outbox is empty")


def test_each_change_has_a_number_in_the_order_in_which_it_was_made(rollcall, org):
    ada = org.scim.new_user("ada")
    group = org.scim.new_group("staff", [ada["id"]])
    org.scim.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False}, expect=200)
    org.scim.delete(f"/Users/{ada['id']}", expect=204)
    numbered(rollcall)
    rows = rollcall.database.query(FEED, org.external_id)
    changes = [(kind, resource) for _, source, _, kind, resource, _ in rows if source == 1]
    one, two = ids(ada, group)
    assert changes == [(1, one), (1, two), (4, two), (2, one), (4, two), (3, one)]
    assert all(primary for *_, primary in rows)


def test_numbers_of_an_environment_have_no_holes(rollcall, org):
    for i in range(20):
        org.scim.new_user()
    numbered(rollcall)
    for environment, count, first, last, end in rollcall.database.query(
        "SELECT f.environment_id, COUNT(*), MIN(f.sequence), MAX(f.sequence), MAX(e.last_sequence)"
        " FROM feed f JOIN feed_end e ON e.environment_id = f.environment_id GROUP BY f.environment_id"
    ):
        assert (first, last) == (1, count) and end == last
