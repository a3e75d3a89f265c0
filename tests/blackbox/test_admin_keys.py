"""Who may call the admin API: API keys, operator keys, and JWTs signed with a key that was registered."""

import hashlib
import hmac
import json
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.jwt import KeyPair, Signer, encode, part
from harness.openapi import CheckedAdmin
from harness.wait import until

ID = "01jd8jm32ye008000000001ayd"


@pytest.fixture
def operator(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    yield client
    client.wire.close()


@pytest.fixture
def environment(operator):
    return operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)["id"]


def in_days(days):
    return (datetime.now(timezone.utc) + timedelta(days=days, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- keys ---


def test_a_key_that_ends_soon_says_so(rollcall, operator, environment):
    path = f"/v1/environments/{environment}/keys"
    never = operator.post(path, {"label": "never"}, expect=201)
    far = operator.post(path, {"label": "far", "expires_at": in_days(31)}, expect=201)
    near = operator.post(path, {"label": "near", "expires_at": in_days(29)}, expect=201)
    shown = [(key["expires_in_days"], key["expiring"], key["expired"]) for key in (never, far, near)]
    assert shown == [(None, False, False), (31, False, False), (29, True, False)]
    assert operator.with_key(near["key"]).get("/v1/key", expect=200)["expiring"]
    rollcall.database.execute("UPDATE api_key SET expires_ms = 1000 WHERE label = 'near' AND expires_ms IS NOT NULL")
    gone = operator.get(f"{path}/{near['id']}", expect=200)
    assert (gone["expires_in_days"], gone["expiring"], gone["expired"]) == (0, False, True)


def test_a_key_sees_what_it_is(operator, environment):
    made = operator.post(f"/v1/environments/{environment}/keys", {"label": "ci", "scopes": ["tokens"]}, expect=201)
    self = operator.with_key(made["key"]).get("/v1/key", expect=200)
    assert (self["kind"], self["id"], self["label"], self["scopes"]) == ("api_key", made["id"], "ci", ["tokens"])
    assert self["environment"]["id"] == environment
    itself = operator.get("/v1/key", expect=200)
    assert itself["kind"] == "operator_key" and itself["id"].startswith("opk-") and itself["environment"] is None


def test_AD_13_an_operator_key_is_made_listed_and_revoked(operator):
    made = operator.post("/v1/operator-keys", {"label": "second", "expires_at": in_days(3)}, expect=201)
    assert made["key"].startswith("scimp_") and made["expiring"]
    second = operator.with_key(made["key"])
    second.get("/v1/environments", expect=200)
    shown = operator.get(made.headers["location"], expect=200)
    assert "key" not in shown.json and shown["label"] == "second"
    assert made["id"] in [key["id"] for key in operator.get("/v1/operator-keys?limit=1000", expect=200)["keys"]]
    operator.delete(made.headers["location"], expect=204)
    second.get("/v1/environments", expect=401)
    record = operator.get("/v1/audit?order=newest&limit=1", expect=200)["records"][0]
    assert record["action"] == "operator_key.revoke" and record["chain"] == "operators"
    assert record["detail"]["before"] == {"revoked_at": None}


def test_an_api_key_is_no_operator_key_by_its_id(operator, environment):
    key = operator.post(f"/v1/environments/{environment}/keys", {"label": "x"}, expect=201)
    operator.get(f"/v1/operator-keys/{key['id'].replace('key-', 'opk-')}", expect=404)
    operator.delete(f"/v1/operator-keys/{key['id'].replace('key-', 'opk-')}", expect=404)
    operator.get(f"/v1/operator-keys/opk-{ID}", expect=404)


def test_the_last_operator_key_stays(own_rollcall):
    operator = CheckedAdmin(own_rollcall.admin_url, own_rollcall.operator.key)
    [first] = operator.get("/v1/operator-keys", expect=200)["keys"]
    refused = operator.delete(f"/v1/operator-keys/{first['id']}", expect=409)
    assert "make another one" in refused["detail"]
    second = operator.post("/v1/operator-keys", {"label": "second"}, expect=201)
    clients = [(operator, second["id"]), (operator.with_key(second["key"]), first["id"])]
    answers = []

    def revoke(client, other):
        answers.append(client.delete(f"/v1/operator-keys/{other}").status)

    running = [threading.Thread(target=revoke, args=pair) for pair in clients]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    # Each revokes the other's at the same time: one wins, the other has lost its key meanwhile or is told that it is the last.
    assert sorted(answers) in ([204, 401], [204, 409])
    live = own_rollcall.database.query("SELECT COUNT(*) FROM api_key WHERE environment_id IS NULL AND revoked_ms IS NULL")
    assert live == ((1,),)


# --- signing keys ---

PAIRS = {kind: KeyPair(kind) for kind in ("ES256", "RS256")}


class Stage:
    def __init__(self, rollcall, operator, kind="ES256", **body):
        self.rollcall, self.operator = rollcall, operator
        self.environment = operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)["id"]
        self.path = f"/v1/environments/{self.environment}/signing-keys"
        self.pair = PAIRS[kind]
        self.key = operator.post(self.path, {"label": "signer", "public_key": self.pair.pem, **body}, expect=201)
        self.signer = Signer(self.pair, self.key["id"], self.environment, rollcall.admin_url)
        self.client = CheckedAdmin(rollcall.admin_url, None)

    def call(self, token, method="GET", path="/v1/key", **options):
        return self.client.request(method, path, authorization=f"Bearer {token}", **options)


@pytest.fixture(params=["ES256", "RS256"])
def stage(request, rollcall, operator):
    return Stage(rollcall, operator, request.param)


@pytest.fixture
def es(rollcall, operator):
    return Stage(rollcall, operator, "ES256")


def test_a_key_is_registered_as_pem_or_jwk_and_shown_in_one_form(operator, environment):
    path = f"/v1/environments/{environment}/signing-keys"
    for kind, pair in PAIRS.items():
        made = operator.post(path, {"label": kind, "public_key": pair.pem}, expect=201)
        assert made["algorithm"] == kind and made["public_key"] == pair.pem
        assert made["bits"] == (256 if kind == "ES256" else 2048)
        assert (made["warning"] is None) == (kind == "ES256")
        der = __import__("base64").b64decode("".join(pair.pem.splitlines()[1:-1]))
        assert made["fingerprint"] == hashlib.sha256(der).hexdigest()
        twin = operator.post(path, {"label": "again", "jwk": {**pair.jwk, "use": "sig", "kid": "theirs"}}, expect=409)
        assert twin["type"].endswith(":uniqueness")
        assert operator.get(made.headers["location"], expect=200).json == made.json
    other = operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)["id"]
    as_jwk = operator.post(f"/v1/environments/{other}/signing-keys", {"label": "x", "jwk": PAIRS["ES256"].jwk}, expect=201)
    assert as_jwk["public_key"] == PAIRS["ES256"].pem
    assert [key["label"] for key in operator.get(path, expect=200)["signing_keys"]] == ["ES256", "RS256"]


def off_the_curve():
    jwk = dict(PAIRS["ES256"].jwk)
    return {**jwk, "y": encode(bytes(31) + b"\1")}


BAD_KEYS = {
    "nothing": {},
    "both": {"public_key": PAIRS["ES256"].pem, "jwk": PAIRS["ES256"].jwk},
    "no PEM": {"public_key": "hello"},
    "cut": {"public_key": PAIRS["ES256"].pem[:80]},
    "private": {"jwk": {**PAIRS["ES256"].jwk, "d": "AA"}},
    "symmetric": {"jwk": {"kty": "oct", "k": "AA"}},
    "another curve": {"public_key": KeyPair("SECP384R1").pem},
    "another curve of the same size": {"public_key": KeyPair("SECP256K1").pem},
    "curve of the JWK": {"jwk": {**PAIRS["ES256"].jwk, "crv": "secp256k1"}},
    "off the curve": {"jwk": off_the_curve()},
    "short coordinate": {"jwk": {**PAIRS["ES256"].jwk, "x": "AA"}},
    "padded coordinate": {"jwk": {**PAIRS["ES256"].jwk, "x": PAIRS["ES256"].jwk["x"] + "="}},
    "short RSA": {"public_key": KeyPair("RS256", 1024).pem},
    "exponent 3": {"public_key": KeyPair("RS256", 2048, 3).pem},
    "RSA without modulus": {"jwk": {"kty": "RSA", "e": "AQAB"}},
    "even modulus": {"jwk": {"kty": "RSA", "n": encode(b"\x80" + bytes(255)), "e": "AQAB"}},
    "huge RSA": {"jwk": {"kty": "RSA", "n": encode(b"\xff" * 513), "e": "AQAB"}},
    "no text": {"public_key": 1},
    "no object": {"jwk": "x"},
}


@pytest.mark.parametrize("bad", BAD_KEYS)
def test_what_is_no_key_for_signing_is_refused(operator, environment, bad):
    path = f"/v1/environments/{environment}/signing-keys"
    refused = operator.post(path, {"label": "x", **BAD_KEYS[bad]}, expect=422)
    assert refused["errors"][0]["pointer"] in ("#/public_key", "#/jwk")
    assert operator.get(path, expect=200)["signing_keys"] == []


# --- JWTs ---


def test_a_jwt_is_as_good_as_a_key(stage):
    self = stage.call(stage.signer.token(), expect=200)
    assert self["kind"] == "signing_key" and self["id"] == stage.key["id"]
    assert self["environment"]["id"] == stage.environment and self["scopes"] == ["read", "manage", "tokens"]
    made = stage.call(stage.signer.token(), "POST", "/v1/organizations", json={"display_name": "x"}, expect=201)
    record = stage.call(stage.signer.token(), path="/v1/audit?order=newest&limit=1", expect=200)["records"][0]
    assert record["actor"] == stage.key["id"] and record["organization_id"] == made["organization"]["id"]
    assert stage.operator.get(stage.key.headers["location"], expect=200)["last_used_at"] is not None


def test_a_jwt_does_what_both_its_key_and_itself_may(rollcall, operator):
    stage = Stage(rollcall, operator, scopes=["read", "tokens"])
    for scope, scopes in ((None, ["read", "tokens"]), ("read manage", ["read"]), ("other", []), ("manage", [])):
        assert stage.call(stage.signer.token(scope=scope), expect=200)["scopes"] == scopes
    stage.call(stage.signer.token(scope="manage"), "POST", "/v1/organizations", json={"display_name": "x"}, expect=403)
    stage.call(stage.signer.token(scope="tokens"), path="/v1/organizations", expect=403)
    stage.call(stage.signer.token(), path="/v1/environments", expect=403)


def test_a_retired_or_expired_key_signs_nothing(stage):
    token = stage.signer.token()
    stage.call(token, expect=200)
    stage.rollcall.database.execute("UPDATE signing_key SET expires_ms = 1000 WHERE label = 'signer'")
    stage.call(token, expect=401)
    stage.rollcall.database.execute("UPDATE signing_key SET expires_ms = NULL WHERE label = 'signer'")
    stage.call(token, expect=200)
    stage.operator.delete(stage.key.headers["location"], expect=204)
    stage.call(token, expect=401)
    assert stage.operator.get(stage.key.headers["location"], expect=200)["revoked_at"] is not None


def test_a_jwt_with_an_id_makes_one_change_and_reads_on(stage):
    token = stage.signer.once()
    stage.call(token, "POST", "/v1/organizations", json={"display_name": "x"}, expect=201)
    again = stage.call(token, "POST", "/v1/organizations", json={"display_name": "y"}, expect=401)
    assert "jti" in again["detail"]
    names = [item["display_name"] for item in stage.call(token, path="/v1/organizations", expect=200)["organizations"]]
    assert names == ["x"]
    stage.call(stage.signer.once(), "POST", "/v1/organizations", json={"display_name": "z"}, expect=201)


def test_history_names_the_signing_key(rollcall, es):
    key = es.operator.post(f"/v1/environments/{es.environment}/keys", {"label": "x"}, expect=201)["key"]
    org = rollcall.new_organization(es.operator.with_key(key))
    directory = f"/v1/directories/{org.directory_id}"
    user = org.scim.new_user("ada", title="Countess")["id"]
    org.scim.patch(f"/Users/{user}", {"op": "remove", "path": "title"})
    es.call(es.signer.once(), "POST", f"{directory}/users/{user}/restore", json={"version": 1}, expect=200)
    versions = es.call(es.signer.token(), path=f"{directory}/users/{user}/history", expect=200)["versions"]
    assert versions[0]["cause"] == "restore" and versions[0]["actor"] == es.key["id"]
    assert versions[1]["actor"].startswith("tok-")
    org.scim.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False})
    path = f"{directory}/users/deactivated/delete"
    job = es.call(es.signer.once(), "POST", path, json={"older_than_days": 0}, expect=202)
    with_key = es.operator.with_key(key)
    until(lambda: with_key.get(f"/v1/jobs/{job['id']}")["state"] == "done", "the job is done")
    versions = with_key.get(f"{directory}/users/{user}/history", expect=200)["versions"]
    assert versions[0]["kind"] == "deleted" and versions[0]["actor"] == es.key["id"]


def test_a_change_that_was_refused_uses_nothing_up(es):
    token = es.signer.once()
    es.call(token, "POST", "/v1/organizations", json={"display_name": ""}, expect=422)
    es.call(token, "POST", "/v1/organizations", json={"display_name": "x"}, expect=201)


def test_of_two_changes_with_one_jwt_at_a_time_one_is_made(es):
    token, answers = es.signer.once(), []

    def work(number):
        client = CheckedAdmin(es.rollcall.admin_url, None)
        answer = client.post("/v1/organizations", {"display_name": f"{number}"}, authorization=f"Bearer {token}")
        answers.append(answer.status)
        client.wire.close()

    running = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(answers) == [201, 401, 401, 401]


def test_an_answer_that_is_kept_for_an_idempotency_key_is_given_again(es):
    token, key = es.signer.once(), [("Idempotency-Key", str(uuid.uuid4()))]
    first = es.call(token, "POST", "/v1/organizations", json={"display_name": "x"}, headers=key, expect=201)
    again = es.call(token, "POST", "/v1/organizations", json={"display_name": "x"}, headers=key, expect=201)
    assert again.json == first.json


def unsigned(stage, alg, signature=""):
    return f"{part({**stage.signer.header, 'alg': alg})}.{part(stage.signer.claims())}.{signature}"


def hmac_signed(stage, secret, alg="HS256"):
    text = f"{part({**stage.signer.header, 'alg': alg})}.{part(stage.signer.claims())}"
    return f"{text}.{encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def spellings(pem):
    """As libraries have read a PEM to be the secret of an HMAC."""
    body = "".join(pem.splitlines()[1:-1])
    return [pem, pem.rstrip("\n"), pem.replace("\n", "\r\n"), pem.replace("\n", ""), body, body + "\n"]


def respell(stage, header=None, claims=None):
    """Signed as it should be, but with header or claims as this text."""
    return stage.pair.token(header or json.dumps(stage.signer.header), claims or json.dumps(stage.signer.claims()))


def doubled(value, name, second):
    return json.dumps(value)[:-1] + f', "{name}": {json.dumps(second)}}}'


def with_signature(token, change):
    head, _, signature = token.rpartition(".")
    return f"{head}.{change(signature)}"


NOW = lambda: int(time.time())  # noqa: E731
BAD_TOKENS = {
    "alg none": lambda s: unsigned(s, "none"),
    "alg None": lambda s: unsigned(s, "None"),
    "alg nOnE": lambda s: unsigned(s, "nOnE"),
    "alg none with a signature": lambda s: unsigned(s, "none", "AAAA"),
    "no alg": lambda s: s.pair.token({"typ": "JWT", "kid": s.key["id"]}, s.signer.claims()),
    "alg of another case": lambda s: s.signer.token({"alg": s.pair.kind.lower()}),
    "alg HS512": lambda s: hmac_signed(s, s.pair.pem, "HS512"),
    "alg ES384": lambda s: s.signer.token({"alg": "ES384"}),
    "alg of the other kind": lambda s: s.signer.token({"alg": {"ES256": "RS256", "RS256": "ES256"}[s.pair.kind]}),
    "alg is no text": lambda s: s.signer.token({"alg": ["ES256"]}),
    **{f"HS256 with the PEM, spelling {n}": lambda s, n=n: hmac_signed(s, spellings(s.pair.pem)[n]) for n in range(6)},
    "another key's signature": lambda s: KeyPair(s.pair.kind).token(s.signer.header, s.signer.claims()),
    "empty signature": lambda s: with_signature(s.signer.token(), lambda _: ""),
    "cut signature": lambda s: with_signature(s.signer.token(), lambda t: t[:-4]),
    "longer signature": lambda s: with_signature(s.signer.token(), lambda t: t + "AAAA"),
    "signature of zeros": lambda s: with_signature(s.signer.token(), lambda t: "A" * len(t)),
    "signature of ones": lambda s: with_signature(s.signer.token(), lambda t: encode(b"\xff" * (len(t) * 3 // 4))),
    "signature in DER": lambda s: with_signature(s.signer.token(), lambda t: encode(b"\x30\x06\x02\x01\x01\x02\x01\x01")),
    "padded": lambda s: s.signer.token() + "=",
    "standard base64": lambda s: with_signature(s.signer.token(), lambda t: "+" + t[1:]),
    "a bit left over": lambda s: respell(s).replace(".", "A.", 1),
    "claims of another token": lambda s: ".".join([*s.signer.token().split(".")[:1], part(s.signer.claims(jti="x")), s.signer.token().split(".")[2]]),
    "four parts": lambda s: s.signer.token() + ".AAAA",
    "two parts": lambda s: s.signer.token().rpartition(".")[0],
    "header is no object": lambda s: respell(s, header='["alg"]'),
    "claims are no object": lambda s: respell(s, claims='"x"'),
    "header is no JSON": lambda s: respell(s, header="eyJ"),
    "doubled alg": lambda s: respell(s, header=doubled(s.signer.header, "alg", "none")),
    "doubled exp": lambda s: respell(s, claims=doubled(s.signer.claims(), "exp", NOW() + 9999)),
    "doubled sub in another case": lambda s: respell(s, claims=doubled(s.signer.claims(), "SUB", "x")),
    "crit": lambda s: s.signer.token({"crit": ["exp"]}),
    "b64": lambda s: s.signer.token({"b64": False}),
    "typ of something else": lambda s: s.signer.token({"typ": "JWE"}),
    "no kid": lambda s: s.pair.token({"alg": s.pair.kind}, s.signer.claims()),
    "unknown kid": lambda s: s.signer.token({"kid": f"sgn-{ID}"}),
    "kid that is no id": lambda s: s.signer.token({"kid": "../../etc/passwd"}),
    "kid of an API key": lambda s: s.signer.token({"kid": f"key-{ID}"}),
    "kid is a number": lambda s: s.signer.token({"kid": 1}),
    "kid with SQL": lambda s: s.signer.token({"kid": "' OR 1=1 -- "}),
    "wrong aud": lambda s: s.signer.token(aud="https://other.example.com"),
    "aud with a slash": lambda s: s.signer.token(aud=s.rollcall.admin_url + "/"),
    "aud is a list of two": lambda s: s.signer.token(aud=[s.rollcall.admin_url, "https://other.example.com"]),
    "aud is a list in a list": lambda s: s.signer.token(aud=[[s.rollcall.admin_url]]),
    "aud is empty": lambda s: s.signer.token(aud=[]),
    "no aud": lambda s: s.signer.token(aud=None),
    "expired": lambda s: s.signer.token(iat=NOW() - 400, exp=NOW() - 62),
    "no exp": lambda s: s.signer.token(exp=None),
    "exp is a text": lambda s: s.signer.token(exp=str(NOW() + 60)),
    "exp has a fraction": lambda s: s.signer.token(exp=NOW() + 60.5),
    "exp is huge": lambda s: s.signer.token(exp=2**62),
    "exp is before iat": lambda s: s.signer.token(iat=NOW(), exp=NOW() - 1),
    "exp is negative": lambda s: s.signer.token(exp=-1),
    "no iat": lambda s: s.signer.token(iat=None),
    "iat to come": lambda s: s.signer.token(iat=NOW() + 90, exp=NOW() + 200),
    "nbf to come": lambda s: s.signer.token(nbf=NOW() + 90),
    "nbf is a text": lambda s: s.signer.token(nbf="0"),
    "lives too long": lambda s: s.signer.token(exp=NOW() + 3600),
    "lives a second too long": lambda s: s.signer.token(iat=NOW(), exp=NOW() + 601),
    "no iss": lambda s: s.signer.token(iss=None),
    "another iss": lambda s: s.signer.token(iss=f"env-{ID}"),
    "another sub": lambda s: s.signer.token(sub=f"env-{ID}"),
    "another iss and sub": lambda s: s.signer.token(iss=f"env-{ID}", sub=f"env-{ID}"),
    "no sub": lambda s: s.signer.token(sub=None),
    "scope is a list": lambda s: s.signer.token(scope=["read"]),
    "jti is a number": lambda s: s.signer.token(jti=1),
    "jti is too long": lambda s: s.signer.token(jti="x" * 256),
    "more than 4096 bytes": lambda s: s.signer.token(x="x" * 4096),
    "deep": lambda s: respell(s, claims=json.dumps(s.signer.claims())[:-1] + ',"x":' + "[" * 100 + "]" * 100 + "}"),
}


@pytest.mark.parametrize("bad", BAD_TOKENS)
def test_a_jwt_that_is_not_right_is_refused(stage, bad):
    token = BAD_TOKENS[bad](stage)
    refused = stage.call(token, expect=401)
    assert refused["type"] == "urn:rollcall:problem:unauthorized"
    assert refused.headers["www-authenticate"] == 'Bearer realm="rollcall-admin", error="invalid_token"'
    stage.call(token, "POST", "/v1/organizations", json={"display_name": "x"}, expect=401)
    stage.call(stage.signer.token(), expect=200)


def test_keys_that_a_jwt_brings_along_are_not_looked_at(stage):
    own = KeyPair(stage.pair.kind)
    for header in ({"jwk": own.jwk}, {"jku": "https://example.com/keys"}, {"x5u": "https://example.com/"}, {"x5c": ["AA"]}):
        stage.call(own.token({**stage.signer.header, **header}, stage.signer.claims()), expect=401)
        stage.call(stage.signer.token(header), expect=200)


def test_times_have_a_minute_of_leeway(es):
    for claims in ({"exp": NOW() - 50, "iat": NOW() - 300}, {"iat": NOW() + 50, "exp": NOW() + 300}, {"nbf": NOW() + 50}, {"exp": NOW() + 599}, {"aud": [es.rollcall.admin_url]}):
        es.call(es.signer.token(**claims), expect=200)


def test_another_environments_key_speaks_for_that_one_only(rollcall, operator):
    mine, theirs = Stage(rollcall, operator), Stage(rollcall, operator)
    path = "/v1/organizations"
    made = theirs.call(theirs.signer.token(), "POST", path, json={"display_name": "theirs"}, expect=201)
    mine.call(mine.signer.token(iss=theirs.environment, sub=theirs.environment), expect=401)
    mine.call(mine.signer.token({"kid": theirs.key["id"]}), expect=401)
    mine.call(mine.signer.token(), path=f"{path}/{made['organization']['id']}", expect=404)


def test_who_lets_through_what_a_jwt_says_wrong_is_told_what(es):
    """What is in the token gives nothing away."""
    for claims, word in (({"aud": "x"}, "aud"), ({"exp": None}, "exp"), ({"exp": NOW() + 3600}, "600"), ({"iat": 1, "exp": 2}, "expired")):
        assert word in es.call(es.signer.token(**claims), expect=401)["detail"]
    details = {
        es.call(token, expect=401)["detail"]
        for token in (es.signer.token({"kid": f"sgn-{ID}"}), es.signer.token(iss=f"env-{ID}", sub=f"env-{ID}"), KeyPair().token(es.signer.header, es.signer.claims()))
    }
    assert len(details) == 1, "which keys there are is nobody's business"


def test_a_jwt_is_no_scim_token(es, org):
    org.scim.get("/Users", authorization=f"Bearer {es.signer.token()}", expect=401)


def test_guessed_jwts_count_as_wrong_credentials_and_the_audience_is_a_setting(make_rollcall):
    url = "https://admin.example.com"
    rollcall = make_rollcall(admin_options=["--auth-failures", "5", "--admin-url", f"{url}/"])
    stage = Stage(rollcall, CheckedAdmin(rollcall.admin_url, rollcall.operator.key))
    organization = rollcall.new_organization().id
    link = rollcall.admin.post(f"/v1/organizations/{organization}/setup-links", {"label": "x"}, expect=201)
    assert link["url"].startswith(f"{url}/setup#sciml_")
    stage.signer.audience = url
    good, forger = stage.signer.token(), KeyPair()
    stage.call(good, expect=200)
    answers = [stage.call(forger.token(stage.signer.header, stage.signer.claims())).status for _ in range(7)]
    assert answers[:5] == [401] * 5 and answers[-1] == 429
    stage.call(good, expect=200)
