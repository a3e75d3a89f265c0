"""The life of a token: whatever is wrong with it, the answer is the same; revoking works at once, everywhere."""

import threading

import pytest

from harness.scim import Scim


@pytest.fixture
def refusal(org):
    """What a token that nobody ever made is answered."""
    return org.scim.get("/Users", authorization="Bearer " + strange(org.token), expect=401)


def strange(token):
    """Well-formed, with a right checksum, but never minted: the token id's last characters are changed."""
    head, _, rest = token.partition("_")
    ids, _, secret = rest.partition("_")
    changed = f"{head}_{ids[:-2]}{'00' if ids[-2:] != '00' else '11'}_{secret[:-6]}"
    return changed + base62(crc32(changed.encode()), 6)


def crc32(data):
    import zlib

    return zlib.crc32(data)


def base62(number, width):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        text = digits[digit] + text
    return text


def same(first, second):
    assert first.status == second.status == 401
    assert first.body == second.body
    assert first.headers["www-authenticate"] == second.headers["www-authenticate"]


def mint(org, **attributes):
    path = f"/v1/directories/{org.directory_id}/tokens"
    return org.rollcall.admin.post(path, {"label": "another", **attributes}, expect=201)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        "Bearer null",
        "Bearer a.b.c",
        "Bearer {token}x",
        "Bearer {cut}",
        "Bearer {typo}",
        "Bearer {upper}",
        "Bearer scimt_",
        "Bearer " + "x" * 4000,
    ],
)
def test_O_02_wrong_tokens_are_all_refused_alike(org, refusal, header):
    token = org.token
    typo = token[:-1] + ("0" if token[-1] != "0" else "1")
    typed = header.format(token=token, cut=token[:-1], typo=typo, upper=token.upper())
    same(org.scim.get("/Users", authorization=typed), refusal)


def test_SEC_01_O_02_a_missing_header_says_how_to_authenticate(org):
    answer = org.scim.get("/Users", authorization="", expect=401)
    assert answer.headers["www-authenticate"].lower().startswith("bearer")


def test_SEC_03_a_revoked_token_is_refused_at_once(org, refusal):
    minted = mint(org)
    client = Scim(org.connector_url, minted["token"])
    client.get("/Users", expect=200)
    identifier = minted["id"]
    org.rollcall.admin.delete(f"/v1/directories/{org.directory_id}/tokens/{identifier}", expect=204)
    same(client.get("/Users"), refusal)
    org.scim.get("/Users", expect=200)


def test_SEC_03_O_02_an_expired_token_is_refused(org, refusal):
    minted = mint(org, expires_at="2099-01-01T00:00:00Z")
    client = Scim(org.connector_url, minted["token"])
    client.get("/Users", expect=200)
    with org.rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        changed = cursor.execute("UPDATE scim_token SET expires_ms = 1000 WHERE label = 'another' AND expires_ms IS NOT NULL")
        assert changed == 1
    same(client.get("/Users"), refusal)


def test_MT_01_O_17_another_organizations_token_is_refused(org, refusal):
    other = org.rollcall.new_organization()
    same(Scim(org.connector_url, other.token).get("/Users"), refusal)
    Scim(other.connector_url, other.token).get("/Users", expect=200)


def test_O_01_SEC_05_a_token_in_the_query_is_no_token(org):
    org.scim.get(f"/Users?access_token={org.token}", authorization="", expect=401)


def test_SEC_03_rotation_kills_the_old_token_at_once_on_every_server(org, refusal):
    rollcall = org.rollcall
    second = rollcall.another_server()
    old = [org.client(), org.client(server=second)]
    for client in old:
        client.get("/Users", expect=200)

    rotated = rollcall.admin.post(f"/v1/directories/{org.directory_id}/tokens/rotate", {}, expect=201)

    for client in old:
        same(client.get("/Users"), refusal)
    org.token = rotated["token"]
    for server in (None, second):
        org.client(server=server).get("/Users", expect=200)
    second.stop()


def test_no_request_that_started_after_the_rotation_is_let_in(org):
    """Clients hammer with the old token while it is rotated: from the answer on, everything is refused."""
    rotated = threading.Event()
    late, stop = [], threading.Event()

    def hammer():
        client = org.client()
        while not stop.is_set():
            started_after = rotated.is_set()
            status = client.get("/Users?count=1").status
            if started_after:
                late.append(status)
                if len(late) > 200:
                    return

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    org.rollcall.admin.post(f"/v1/directories/{org.directory_id}/tokens/rotate", {}, expect=201)
    rotated.set()
    for thread in threads:
        thread.join(30)
    stop.set()
    assert late and set(late) == {401}


def test_SEC_04_SEC_05_tokens_and_values_of_filters_are_in_no_log(org):
    org.scim.new_user("logged@example.com")
    org.scim.find("/Users", 'userName eq "very-private@example.com"')
    org.scim.get("/Users", authorization=f"Bearer {org.token[:-1]}", expect=401)
    secret = org.token.split("_")[2]
    for file in org.rollcall.logs.iterdir():
        text = file.read_text(errors="replace")
        assert secret not in text and secret[:-6] not in text, file
        assert "very-private" not in text and "logged@example.com" not in text, file
