"""Security Event Tokens, read and verified as a receiver does it."""

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

EVENT = "urn:ietf:params:scim:event:"


def of_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(of_base64url(text), "big")


def public_key(jwk):
    if jwk["kty"] == "EC":
        assert jwk["crv"] == "P-256" and jwk["alg"] == "ES256"
        return ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    return rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()


def verify(token, keys):
    """Header and claims; raises when the signature is not that of the key that the header names."""
    signed, _, signature = token.rpartition(".")
    header, claims = (json.loads(of_base64url(part)) for part in signed.split("."))
    jwk = next(key for key in keys if key["kid"] == header["kid"])
    assert header["alg"] == jwk["alg"] and jwk["use"] == "sig" and "d" not in jwk
    raw = of_base64url(signature)
    if jwk["kty"] == "EC":
        assert len(raw) == 64
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public_key(jwk).verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    else:
        public_key(jwk).verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return header, claims


def claims_in(token):
    """Without looking at the signature."""
    return json.loads(of_base64url(token.split(".")[1]))


def keys_of(admin, stream):
    return admin.get(stream["jwks_uri"].removeprefix(admin.url), authorization="", expect=200)["keys"]


def uris(claims):
    return sorted(uri.removeprefix(EVENT) for uri in claims["events"])
