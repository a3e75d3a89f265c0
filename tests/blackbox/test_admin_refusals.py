"""How the admin API refuses: one form for every refusal, in the area that is its own."""

import re
from collections import defaultdict

import pytest

from harness.admin import Admin
from harness.problems import BY_TYPE
from harness.scim import ERROR, Scim
from harness.wire import Wire
from test_admin_conditions import QUERIES, READS
from test_admin_isolation import UNKNOWN, World, fill

PATH = "/v1/organizations"
ORGANIZATION = f"{PATH}/{UNKNOWN['organization']}"
EVERY = {"type", "title", "status", "detail", "instance"}
REGISTERED = {"violated-policies"}  # by draft-ietf-httpapi-ratelimit-headers

# Status, method, target, options of the request. "{here}" is an organization that is there.
REFUSALS = {
    "no JSON": (400, "POST", PATH, {"body": b"{"}),
    "a list": (400, "POST", PATH, {"body": b"[]"}),
    "a strange parameter": (400, "GET", f"{PATH}?surprise=1", {}),
    "a bad limit": (400, "GET", f"{PATH}?limit=0", {}),
    "a bad cursor": (400, "GET", f"{PATH}?cursor=x", {}),
    "a bad condition": (400, "GET", "{here}", {"headers": [("If-Match", "x")]}),
    "no key": (401, "GET", PATH, {"authorization": ""}),
    "no such key": (401, "GET", PATH, {"authorization": "Bearer x"}),
    "an operator's": (403, "GET", "/v1/environments", {}),
    "no such organization": (404, "GET", ORGANIZATION, {}),
    "no such path": (404, "GET", "/v1/nothing", {}),
    "no such user": (404, "GET", "{here}/users/" + UNKNOWN["user_id"], {}),
    "another method": (405, "PUT", PATH, {"json": {}}),
    "no method": (501, "BREW", PATH, {}),
    "no JSON wanted": (406, "GET", PATH, {"headers": [("Accept", "text/html")]}),
    "taken": (409, "POST", PATH, {"json": {"display_name": "x", "external_id": "taken"}}),
    "changed meanwhile": (412, "PATCH", "{here}", {"json": {"display_name": "x"}, "headers": [("If-Match", '"x"')]}),
    "too large": (413, "POST", PATH, {"json": {"display_name": "x" * 70000}}),
    "another media type": (415, "POST", PATH, {"body": b"x", "headers": [("Content-Type", "text/plain")]}),
    "another expectation": (417, "POST", PATH, {"json": {"display_name": "x"}, "headers": [("Expect", "a miracle")]}),
    "bad values": (422, "POST", PATH, {"json": {"display_name": 1, "surprise": 1}}),
    "one bad value": (422, "PATCH", "{here}", {"json": {"display_name": ""}}),
}


@pytest.fixture(scope="module")
def place(shared_rollcall):
    """A client, and the path of an organization that it has."""
    shared_rollcall.ensure_running()
    client = Admin(shared_rollcall.admin_url, shared_rollcall.new_environment().key)
    made = client.post(PATH, {"display_name": "A", "external_id": "taken"}, expect=201)
    yield client, made.headers["location"]
    client.wire.close()


def refuse(place, name):
    client, here = place
    status, method, target, options = REFUSALS[name]
    return client.request(method, target.format(here=here), expect=status, **options)


@pytest.mark.parametrize("name", REFUSALS)
def test_AD_02_AD_05_a_refusal_is_a_problem_whose_status_is_the_number_of_the_answer(place, name):
    answer = refuse(place, name)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert EVERY <= set(problem) and type(problem["status"]) is int and problem["status"] == answer.status
    assert all(isinstance(problem[member], str) and problem[member] for member in EVERY - {"status"})
    assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    for extension in set(problem) - EVERY - REGISTERED:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{2,}", extension)


def test_AD_03_the_same_type_has_the_same_title_and_an_absolute_uri(place):
    titles = defaultdict(list)
    for name in REFUSALS:
        answer = refuse(place, name)
        titles[answer["type"]].append(answer["title"])
    assert len(titles) > 10 and max(map(len, titles.values())) > 1
    for uri, said in titles.items():
        assert re.match(r"[a-z]+:", uri) and uri != "about:blank"
        assert set(said) == {BY_TYPE[uri].title} and BY_TYPE[uri].page.exists()


def test_AD_04_pointers_name_members_whatever_they_are_called(place):
    names = ["a/b", "a~b", "~1", "surprise"]
    answer = place[0].post(PATH, {"display_name": "A", **dict.fromkeys(names, 1)}, expect=422)
    escaped = {"#/" + name.replace("~", "~0").replace("/", "~1") for name in names}
    assert {error["pointer"] for error in answer["errors"]} == escaped
    assert all(set(error) == {"detail", "pointer"} and error["detail"] for error in answer["errors"])


HOSTILE = ["'", '"', "\\", "%", "; DROP TABLE organization", "' OR 1=1 --", "${jndi:x}", "%s%n", "<script>", "\x7f", "é" * 300]


@pytest.mark.parametrize("text", HOSTILE)
def test_AD_05_no_problem_shows_what_is_inside(place, text):
    client, here = place
    encoded = "".join(f"%{byte:02X}" for byte in text.encode())
    answers = [client.get(f"{path}{encoded}") for path in (f"{PATH}/", f"{PATH}/external_id:", f"{here}/users/", "/v1/jobs/", "/")]
    answers += [client.get(f"{PATH}?{name}={encoded}") for name in ("limit", "cursor", "environment_id", "surprise")]
    answers += [client.get(f"{here}/users?filter={encoded}")]
    answers += [client.post(PATH, body) for body in ({text: text}, {"display_name": "A", "domains": text, "policy": {text: text}})]
    answers += [client.get(PATH, authorization="Bearer key_x"), client.post(PATH, body=b'{"' + text.encode())]
    for answer in answers:
        assert 400 <= answer.status < 500, answer
        for word in ("select ", "insert ", "mysql", "mariadb", ".c:", "0x", "/admin-api/", "/server/", "errno", "backtrace"):
            assert word not in answer.body.decode().lower(), answer


def test_AD_12_no_read_shows_a_secret_again(shared_rollcall):
    """Not those of what a key or an operator can read, whatever was made."""
    shared_rollcall.ensure_running()
    world, operator = World(shared_rollcall), shared_rollcall.operator
    tokens, environment = f"/v1/directories/{world.ids['directory_id']}/tokens", f"/v1/environments/{world.ids['environment_id']}"
    links = f"/v1/organizations/{world.ids['organization']}/setup-links"
    minted = world.admin.post(tokens, {"label": "x"}, expect=201)
    rotated = world.admin.post(f"{tokens}/rotate", {}, expect=201)
    key = operator.post(f"{environment}/keys", {"label": "x"}, expect=201)
    another = operator.post("/v1/operator-keys", {"label": "x"}, expect=201)
    link = world.admin.post(links, {"label": "x"}, expect=201)
    secrets = [world.organization.token, minted["token"], rotated["token"], key["key"], another["key"], world.admin.key]
    secrets = [text.rsplit("_", 1)[1].encode() for text in [*secrets, link["url"]]]
    shown = [world.admin.get(fill(operation, world.ids) + QUERIES.get(operation.id, ""), expect=200) for operation in READS]
    shown += [world.admin.get(made.headers["location"], expect=200) for made in (minted, rotated, link)]
    shown += [operator.get(made.headers["location"], expect=200) for made in (key, another)]
    shown += [operator.get(path, expect=200) for path in (f"{environment}/keys", "/v1/operator-keys", "/v1/audit")]
    for answer in shown:
        for secret in secrets:
            assert secret not in answer.body, answer
    operator.delete(another.headers["location"], expect=204)


def test_AD_16_each_area_has_one_format_of_errors(rollcall, org):
    """Whatever is asked for, and whatever path of the other area it is."""
    tail = org.connector_url.removeprefix(rollcall.server.url)
    wire = Wire(rollcall.server.url)
    for accept in ("*/*", "application/problem+json, */*;q=0.1", "application/problem+json"):
        for path in (f"{tail}/Users/x", f"{tail}/Nothing", "/v1/organizations", "/v1/nothing", "/nothing"):
            answer = wire.exchange("GET", path, [("Accept", accept), ("Authorization", f"Bearer {org.token}")])
            assert answer.status >= 400 and answer.headers["content-type"] == "application/scim+json", answer
            assert answer["schemas"] == [ERROR] and "type" not in answer and answer["status"] == str(answer.status)
        for path in (f"{tail}/Users/x", "/v1/organizations/x", "/v1/nothing", "/scim/v2/Users", "/nothing"):
            answer = rollcall.admin.get(path, headers=[("Accept", accept)])
            assert answer.status >= 400 and answer.headers["content-type"] == "application/problem+json", answer
            assert answer["type"] in BY_TYPE and "schemas" not in answer and "scimType" not in answer
    wire.close()
    assert Scim(org.connector_url, "x").get("/Users", expect=401).headers["content-type"] == "application/scim+json"
