"""A resource type of another standard as data: the Device of RFC 9944 with an extension, without a line of code."""

import pytest

from harness.scim import LIST, patch_of

DEVICE = "urn:ietf:params:scim:schemas:core:2.0:Device"
ETHERNET = "urn:ietf:params:scim:schemas:extension:ethernet-mab:2.0:Device"


def attribute(name, kind="string", **keywords):
    return {"name": name, "type": kind, "description": f"The {name}.", **keywords}


CATALOG = {
    "schemas": [
        {
            "id": DEVICE,
            "name": "Device",
            "description": "A thing on the network.",
            "attributes": [
                attribute("displayName"),
                attribute("active", "boolean", required=True),
                attribute("mudUrl", "reference", caseExact=True, referenceTypes=["external"]),
            ],
        },
        {
            "id": ETHERNET,
            "name": "Ethernet",
            "description": "By its address on the wire.",
            "attributes": [attribute("deviceMacAddress", required=True, uniqueness="none")],
        },
    ],
    "resource_types": [
        {
            "name": "Device",
            "endpoint": "/Devices",
            "description": "Things on the network.",
            "schema": DEVICE,
            "schemaExtensions": [{"schema": ETHERNET, "required": False}],
        }
    ],
}


@pytest.fixture
def scim(org):
    org.set_rules(catalog=CATALOG)
    return org.scim


def device(name, mac=None, **attributes):
    body = {"schemas": [DEVICE], "displayName": name, "active": True, **attributes}
    return body | ({"schemas": [DEVICE, ETHERNET], ETHERNET: {"deviceMacAddress": mac}} if mac else {})


def test_DV_01_D_19_a_device_is_discovered(scim):
    kind = scim.get("/ResourceTypes/Device", expect=200)
    assert (kind["endpoint"], kind["schema"]) == ("/Devices", DEVICE)
    shown = {entry["name"]: entry for entry in scim.get(f"/Schemas/{DEVICE}", expect=200)["attributes"]}
    assert shown["active"]["required"] is True and shown["mudUrl"]["referenceTypes"] == ["external"]
    assert scim.get("/Devices", expect=200)["schemas"] == [LIST]


def test_DV_01_a_device_is_created_read_replaced_and_deleted(scim):
    created = scim.post("/Devices", device("Printer", "00:11:22:33:44:55", mudUrl="https://example.com/Mud"), expect=201)
    path = f"/Devices/{created['id']}"
    assert created["meta"]["resourceType"] == "Device" and created.headers["location"] == scim.connector_url + path
    assert scim.get(path, expect=200).json == created.json
    scim.get(path, headers=[("If-None-Match", created.headers["etag"])], expect=304)
    replaced = scim.put(path, device("Scanner"), expect=200)
    assert replaced["displayName"] == "Scanner" and ETHERNET not in replaced and "mudUrl" not in replaced
    scim.put(path, device("Stale"), headers=[("If-Match", created.headers["etag"])], expect=412)
    scim.get(f"/Users/{created['id']}", expect=404)
    scim.delete(path, expect=204)
    scim.get(path, expect=404)


def test_DV_01_a_device_is_found_and_listed(scim):
    for number in range(3):
        scim.post("/Devices", device(f"Camera {number}", f"00:00:00:00:00:0{number}"), expect=201)
    scim.new_user(displayName="Camera man")
    assert scim.get("/Devices?count=2", expect=200)["totalResults"] == 3
    for filter, count in (
        ('displayName sw "camera"', 3),
        (f'{ETHERNET}:deviceMacAddress eq "00:00:00:00:00:01"', 1),
        (f'{DEVICE}:displayName co "2" and active eq true', 1),
        ("active eq false", 0),
    ):
        assert scim.find("/Devices", filter)["totalResults"] == count, filter
    narrow = scim.find("/Devices", 'displayName ew "1"', "&attributes=displayName")["Resources"]
    assert [set(found) for found in narrow] == [{"schemas", "id", "displayName"}]


def test_DV_01_a_device_is_patched(scim):
    created = scim.post("/Devices", device("Lock", "00:11:22:33:44:55"), expect=201)
    path = f"/Devices/{created['id']}"
    operations = [
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "value": {"mudUrl": "https://example.com/lock"}},
        {"op": "replace", "path": f"{ETHERNET}:deviceMacAddress", "value": "66:77:88:99:aa:bb"},
    ]
    patched = scim.request("PATCH", path, json=patch_of(*operations), expect=200)
    assert patched["active"] is False and patched["mudUrl"] == "https://example.com/lock"
    assert scim.get(path, expect=200)[ETHERNET] == {"deviceMacAddress": "66:77:88:99:aa:bb"}
    refused = scim.patch(path, {"op": "remove", "path": "active"}, expect=400)
    assert refused["scimType"] == "mutability"


def test_DV_01_a_device_without_what_is_required_is_refused(scim):
    assert scim.post("/Devices", {"schemas": [DEVICE], "displayName": "x"}, expect=400)["scimType"] == "invalidValue"
    assert scim.post("/Devices", {**device("x"), ETHERNET: {"other": "x"}}, expect=400)["scimType"] == "invalidValue"
    assert scim.get("/Devices", expect=200)["totalResults"] == 0
