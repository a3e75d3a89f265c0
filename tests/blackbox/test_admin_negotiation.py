"""Media types and methods of the admin API: 405, 406, 415."""

import pytest

from harness.admin import Admin
from harness.contract import DOCUMENT, OPERATIONS

PATH = "/v1/organizations"


@pytest.fixture
def admin(rollcall):
    client = Admin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


@pytest.mark.parametrize(
    "accept",
    [None, "*/*", "application/*", "application/json", "APPLICATION/JSON", "text/html, application/json;q=0.1",
     "text/html;q=0.9, */*;q=0.1", "application/json; charset=utf-8", "application/json;q=1.0, */*;q=0", " , */*"],
)
def test_json_is_sent_to_who_takes_it(admin, accept):
    admin.get(PATH, headers=[("Accept", accept)], expect=200)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml, text/*", "application/scim+json", "application/json;q=0", "*/*;q=0.0",
     "application/json;q=0, */*", "application/*;q=0.000, */*;q=1", "json", "app*/*", "*/json"],
)
def test_AD_01_AD_06_who_takes_no_json_is_told_so(admin, accept):
    for refused in (admin.get(PATH, headers=[("Accept", accept)]),
                    admin.post(PATH, {"display_name": "A"}, headers=[("Accept", accept)])):
        assert refused.status == 406 and refused["type"] == "urn:rollcall:problem:not-acceptable"
    assert admin.get(PATH, expect=200)["organizations"] == []


def test_AD_07_a_change_may_be_sent_as_a_merge_patch(admin):
    path = admin.post(PATH, {"display_name": "A", "external_id": "a"}, expect=201).headers["location"]
    merge = [("Content-Type", "application/merge-patch+json")]
    assert admin.patch(path, {"external_id": None}, headers=merge, expect=200)["external_id"] is None


@pytest.mark.parametrize("path", list(DOCUMENT["paths"]))
def test_AD_06_other_methods_are_refused_with_those_there_are(admin, path):
    there = {operation.method for operation in OPERATIONS if operation.path == path}
    filled = path.replace("{", "").replace("}", "")
    others = {operation.method for operation in OPERATIONS if operation.pattern.match(filled)}
    assert admin.request("OPTIONS", filled, expect=204).headers["allow"]
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - there - others:
        answer = admin.request(method, filled, expect=405)
        assert set(answer.headers["allow"].split(", ")) >= there | {"OPTIONS"}
        assert answer["type"] == "urn:rollcall:problem:method"


def test_a_head_is_a_get_without_a_body(admin):
    path = admin.post(PATH, {"display_name": "A"}, expect=201).headers["location"]
    got, head = admin.get(path, expect=200), admin.request("HEAD", path, expect=200)
    assert head.body == b"" and head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-length"] == str(len(got.body))
