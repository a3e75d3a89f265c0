"""What must stay secret does, wherever it could come out: the database, the logs, the answers."""

import json
import subprocess
import uuid
from urllib.parse import quote

import pytest

from harness.database import ROOT
from harness.jwt import KeyPair, Signer
from harness.scim import GROUP, USER, Scim, patch_of
from harness.wait import until
from test_scim_tokens import mint

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def everything_stored(database):
    """Every value of every table, as bytes."""
    tables = [name for name, in database.query("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", database.name)]
    assert len(tables) > 8
    for table in tables:
        for row in database.query(f"SELECT * FROM `{table}`"):
            yield table, b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)


def logs_of(rollcall):
    return {file.name: file.read_bytes() for file in rollcall.logs.iterdir()}


def until_logged(rollcall, answer):
    """The access log is written behind: what came before this answer is in it, too."""
    identifier = answer.headers["x-request-id"].encode()
    until(lambda: identifier in logs_of(rollcall)["server-1.access.log"], "the request is in the access log")


def set_up(rollcall, org):
    """A setup link, the session that it was exchanged for, and a JWT; each was used, also for a change."""
    admin = rollcall.admin
    link = admin.post(f"/v1/organizations/{org.id}/setup-links", {"label": "x"}, expect=201)["url"].rsplit("#", 1)[1]
    session = admin.with_key(link).post("/v1/setup/sessions", expect=201)["session"]
    admin.with_key(session).post(f"/v1/setup/directories/{org.directory_id}/tokens", {"label": "x"}, expect=201)
    environment, pair = admin.get("/v1/key", expect=200)["environment"]["id"], KeyPair()
    path = f"/v1/environments/{environment}/signing-keys"
    key = rollcall.operator.post(path, {"label": "x", "public_key": pair.pem}, expect=201)
    jwt = Signer(pair, key["id"], environment, rollcall.admin_url).once()
    admin.with_key(jwt).post("/v1/organizations", {"display_name": "x"}, expect=201)
    return link, session, jwt


def test_SEC_04_no_secret_is_stored_or_logged_in_clear(own_rollcall):
    rollcall, org = own_rollcall, own_rollcall.new_organization()
    password, changed = (f"password-{uuid.uuid4().hex}" for _ in range(2))
    user = org.scim.new_user(password=password)
    org.scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "password", "value": changed}, expect=200)
    org.scim.put(f"/Users/{user['id']}", {**user.json, "password": changed}, expect=200)
    minted, rotated = mint(org), rollcall.admin.post(f"/v1/directories/{org.directory_id}/tokens/rotate", {}, expect=201)
    credentials = [org.token, minted["token"], rotated["token"], rollcall.admin.key, rollcall.operator.key]
    link, session, jwt = set_up(rollcall, org)
    credentials += [link, session]
    secrets = [credential.rsplit("_", 1)[1].encode()[:43] for credential in credentials]
    secrets.append(jwt.rsplit(".", 1)[1].encode())
    secrets += [password.encode(), changed.encode(), rollcall.pepper.read_text().split()[1].encode()]
    secrets.append(bytes.fromhex(secrets[-1].decode()))
    until_logged(rollcall, Scim(org.connector_url, rotated["token"]).get("/Users", expect=200))

    for table, row in everything_stored(rollcall.database):
        for secret in secrets:
            assert secret not in row, f"a secret is in table {table}"
    for name, text in logs_of(rollcall).items():
        for secret in secrets:
            assert secret not in text, f"a secret is in {name}"


def test_SEC_05_no_log_has_what_a_request_asks_for(rollcall, org):
    private = f"private-{uuid.uuid4().hex}"
    org.scim.new_user(f"{private}@example.com", title=private)
    last = None
    for target in (
        f"/Users?filter=userName%20eq%20%22{private}%40example.com%22",
        f"/Users?filter=title+co+%22{private}%22",
        f"/Users?attributes={private}&sortBy={private}&cursor={private}",
        f"/Users/{private}",
        f"/{private}/x",
        f"/Schemas/{private}",
    ):
        last = org.scim.get(target, headers=[("X-Trace", private), ("User-Agent", private)])
    last = org.scim.post("/Users/.search", {"schemas": [SEARCH], "filter": f'userName eq "{private}"'})
    until_logged(rollcall, last)
    for name, text in logs_of(rollcall).items():
        assert private.encode() not in text, name


def test_SEC_05_a_search_can_be_posted(org):
    user = org.scim.new_user()
    message = {"schemas": [SEARCH], "filter": f'userName eq "{user["userName"]}"'}
    assert org.scim.post("/Users/.search", message, expect=200)["totalResults"] == 1


def test_SEC_07_a_token_that_may_not_read_is_told_of_a_conflict_without_the_value(org):
    private = f"private-{uuid.uuid4().hex}"
    org.scim.new_user(f"{private}@example.com", title=private)
    org.scim.new_group(private)
    writer = Scim(org.connector_url, mint(org, scopes=["users:write", "groups:write"])["token"])
    for path, body in (
        ("/Users", {"schemas": [USER], "userName": f"{private.upper()}@EXAMPLE.COM"}),
        ("/Groups", {"schemas": [GROUP], "displayName": private.upper()}),
    ):
        answer = writer.post(path, body, expect=409)
        assert answer["scimType"] == "uniqueness"
        assert private.lower() not in answer.body.decode().lower()


def test_SEC_07_a_token_that_may_not_read_is_shown_nothing_and_finds_nothing(org):
    private = f"private-{uuid.uuid4().hex}"
    user = org.scim.new_user(f"{private}@example.com", title=private)
    group = org.scim.new_group(private, [user["id"]])
    writer = Scim(org.connector_url, mint(org, scopes=["users:write", "groups:write"])["token"])
    change = {"op": "replace", "path": "nickName", "value": "n"}
    answers = [
        writer.get(f"/Users/{user['id']}", expect=403),
        writer.get(f"/Users?filter={quote(f'title eq {json.dumps(private)}')}", expect=403),
        writer.post("/Users/.search", {"schemas": [SEARCH], "filter": "title pr"}),
        writer.patch(f"/Users/{user['id']}", change, expect=204),
        writer.patch(f"/Users/{user['id']}?attributes=title", change, expect=204),
        writer.put(f"/Users/{user['id']}", {"schemas": [USER], "userName": user["userName"]}, expect=204),
        writer.patch(f"/Groups/{group['id']}?attributes=displayName", {"op": "add", "path": "externalId", "value": "x"}),
    ]
    for answer in answers:
        assert private.encode() not in answer.body
    assert org.scim.get(f"/Users/{user['id']}", expect=200).get("title") is None, "it was done"


def test_SEC_07_of_another_tenant_not_even_a_conflict_shows(rollcall, org):
    other = rollcall.new_organization()
    taken = other.scim.new_user()
    org.scim.new_user(taken["userName"])


# --- injection ---

CORPUS = [
    "'; DROP TABLE resource; -- ",
    "' OR '1'='1",
    '" or "1" eq "1',
    "1) UNION SELECT hash FROM scim_token -- ",
    "\\'; SELECT SLEEP(5); #",
    "%' ESCAPE '!",
    "_%\\%\\_",
    "`resource`",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<script>alert(1)</script>",
    "%s%n%x%p%d",
    "${jndi:ldap://x/y}",
    "../../../../etc/passwd",
    "a,b;c|d&e",
    '","admin":true,"x":"',
    "\u2028\u2029\ufeff",
    "\u202e\u200b",
    "x" * 4000,
]
NOT_TEXT = ["\r\nSet-Cookie: x=1\r\n\r\n<html>", 'a\n{"time":"forged"}', "\x00", "\x1b[31m"]


@pytest.fixture(scope="module")
def attacked(shared_rollcall):
    shared_rollcall.ensure_running()
    return shared_rollcall.new_organization()


def tables(rollcall):
    return sorted(rollcall.database.query("SHOW TABLES"))


@pytest.mark.parametrize("text", CORPUS)
def test_SEC_08_F_23_whatever_a_value_says_it_is_a_value(rollcall, attacked, text):
    """Stored, found by every operator and given back as it was sent."""
    scim, before = attacked.scim, tables(rollcall)
    user = scim.new_user(title=text, nickName=text, emails=[{"value": text, "type": text}], **{text[:100]: text})
    assert user["title"] == user["nickName"] == text
    shown = scim.get(f"/Users/{user['id']}", expect=200)
    assert shown["title"] == text and shown["emails"] == [{"value": text, "type": text}]
    literal = json.dumps(text)
    for filter in (f"title eq {literal}", f"emails.value eq {literal}", f"emails[type eq {literal}].value co {literal}", f"nickName sw {literal}"):
        found = scim.find("/Users", filter)["Resources"]
        assert user["id"] in [resource["id"] for resource in found], filter
        assert all(resource["title"] == text for resource in found), filter
    group = scim.new_group(f"{text[:100]} {uuid.uuid4()}", externalId=text)
    found = scim.find("/Groups", f"externalId eq {literal}")["Resources"]
    assert [resource["id"] for resource in found] == [group["id"]]
    changed = scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": f"emails[type eq {literal}].display", "value": text}, expect=200)
    assert changed["emails"][0]["display"] == text
    assert tables(rollcall) == before


@pytest.mark.parametrize("text", CORPUS + NOT_TEXT)
def test_SEC_08_whatever_stands_in_a_place_of_its_own_is_refused_or_found_nothing(rollcall, attacked, text):
    """Names, ids, paths, parameters, versions, tokens: nothing but a refusal that is ours, and nothing of it in a header."""
    scim, encoded = attacked.scim, quote(text, safe="")
    users = scim.get("/Users?count=0", expect=200)["totalResults"]
    user = scim.new_user()
    answers = [
        scim.get(f"/Users/{encoded}"),
        scim.delete(f"/Groups/{encoded}"),
        scim.get(f"/{encoded}"),
        scim.get(f"/Schemas/{encoded}"),
        scim.get(f"/ResourceTypes/{encoded}"),
        scim.get(f"/Users?filter={encoded}"),
        scim.get(f"/Users?sortBy={encoded}"),
        scim.get(f"/Users?sortOrder={encoded}&sortBy=userName"),
        scim.get(f"/Users?startIndex={encoded}"),
        scim.get(f"/Users?count={encoded}"),
        scim.get(f"/Users?cursor={encoded}"),
        scim.get(f"/Users?attributes={encoded}"),
        scim.get(f"/Users?{encoded}={encoded}"),
        scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": text, "value": "x"}),
        scim.patch(f"/Users/{user['id']}", {"op": text, "path": "title", "value": "x"}),
        scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": f'emails[{text}]', "value": "x"}),
        scim.post("/Users", {"schemas": [text], "userName": "x"}),
        scim.patch("/Users/x", json={"schemas": [text], "Operations": []}),
        scim.post("/Groups", {"schemas": [GROUP], "displayName": str(uuid.uuid4()), "members": [{"value": text}]}),
    ]
    for answer in answers:
        assert answer.status < 500 or answer.status == 501, answer
        assert "set-cookie" not in {name.lower() for name in answer.headers}
    scim.delete(f"/Users/{user['id']}", expect=204)
    assert scim.get("/Users?count=0", expect=200)["totalResults"] == users


@pytest.mark.parametrize("text", NOT_TEXT)
def test_SEC_08_I_05_control_characters_are_no_value(attacked, text):
    attacked.scim.post("/Users", {"schemas": [USER], "userName": f"{uuid.uuid4()}{text}"}, expect=400)


def test_SEC_08_nothing_of_a_request_can_start_a_line_of_a_log(rollcall, attacked):
    forged = f"forged{uuid.uuid4().hex}"
    line = quote(f'\n{{"time":"{forged}"}}\n', safe="")
    last = None
    for target in (f"/Users/{line}", f"/{line}/x", f"/Users?filter={line}", f"/Users?x={line}"):
        last = attacked.scim.get(target)
    until_logged(rollcall, last)
    for name, text in logs_of(rollcall).items():
        assert forged.encode() not in text, name
        for entry in text.splitlines():
            if entry.startswith(b"{"):
                json.loads(entry)


@pytest.mark.parametrize("text", CORPUS[:8])
def test_SEC_08_headers_are_no_code_either(attacked, text):
    user = attacked.scim.new_user()
    for name in ("If-Match", "If-None-Match", "Prefer", "Accept", "X-Forwarded-For", "X-Request-Id", "Content-Type"):
        answer = attacked.scim.patch(
            f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "x"}, headers=[(name, text)]
        )
        assert answer.status < 500, answer
        assert answer.headers["x-request-id"] != text


def test_SEC_08_a_bulk_request_carries_nothing_through(attacked):
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": text[:200], "data": {"schemas": [USER], "userName": str(uuid.uuid4()), "title": text}}
        for text in CORPUS
    ] + [{"method": "PATCH", "path": f"/Users/{quote(text)}", "data": patch_of()} for text in CORPUS]
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    results = attacked.scim.post("/Bulk", message, expect=200)["Operations"]
    for text, result in zip(CORPUS, results):
        assert result["status"] == "201" and result["bulkId"] == text[:200], result
        created = attacked.scim.get("/Users/" + result["location"].rsplit("/", 1)[1], expect=200)
        assert created["title"] == text


def test_SEC_13_secrets_are_compared_in_constant_time():
    """By review, and so that it stays: the lint knows no other comparison in the room where secrets are."""
    done = subprocess.run([ROOT / "tests" / "lint" / "functions"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for file in ("token.c", "seal.c"):
        assert "sodium_memcmp(" in (ROOT / "server" / "auth" / file).read_text()
