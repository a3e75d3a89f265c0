"""Bulk requests, and what each of their results must have."""

import uuid

from .scim import ERROR, GROUP, USER

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


def message(*operations, **more):
    return {"schemas": [REQUEST], "Operations": list(operations), **more}


def user(bulk_id, name=None, **attributes):
    data = {"schemas": [USER], "userName": name or f"{bulk_id}-{uuid.uuid4()}@example.com", **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


def group(bulk_id, *members, name=None, **attributes):
    data = {"schemas": [GROUP], "displayName": name or f"{bulk_id} {uuid.uuid4()}", **attributes}
    if members:
        data["members"] = [{"value": member} for member in members]
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def ref(bulk_id):
    return f"bulkId:{bulk_id}"


def check_result(scim, result):
    """What every result must have (B-04, B-05)."""
    assert set(result) <= {"method", "bulkId", "version", "location", "status", "response"}, result
    assert isinstance(result["method"], str), result
    assert isinstance(result["status"], str) and result["status"].isdigit(), result
    failed = int(result["status"]) >= 400
    assert failed == ("response" in result), result
    if failed:
        error = result["response"]
        assert error["schemas"] == [ERROR] and error["status"] == result["status"] and error["detail"], result
    assert ("location" in result) <= (not (failed and result["method"] == "POST")), result
    if not failed:
        assert result["location"].startswith("http"), result
        assert ("version" in result) == (result["method"] != "DELETE"), result


def bulk(scim, *operations, expect=200, **more):
    answer = scim.post("/Bulk", message(*operations, **more), expect=expect)
    if expect == 200:
        assert answer["schemas"] == [RESPONSE]
        for result in answer["Operations"]:
            check_result(scim, result)
        return answer["Operations"]
    return answer


def statuses(results):
    return [int(result["status"]) for result in results]


def path_of(scim, result):
    return result["location"].split("/scim/v2", 1)[1]


def read(scim, result):
    return scim.get(path_of(scim, result), expect=200)


def id_of(result):
    return result["location"].rsplit("/", 1)[1]


def failing(count):
    return [{"method": "DELETE", "path": "/Users/nobody"} for _ in range(count)]
