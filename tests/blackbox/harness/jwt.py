"""JSON Web Tokens as a vendor's program signs them, and as an attacker writes them."""

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    """A header or claims: a dict, or text as it is to be."""
    text = value if isinstance(value, str) else json.dumps(value)
    return encode(text.encode())


class KeyPair:
    """kind: ES256, RS256, or another curve's name."""

    def __init__(self, kind="ES256", bits=2048, exponent=65537):
        self.kind = kind
        if kind == "RS256":
            self.private = rsa.generate_private_key(exponent, bits)
        else:
            self.private = ec.generate_private_key(getattr(ec, {"ES256": "SECP256R1"}.get(kind, kind))())

    @property
    def pem(self):
        public = self.private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        if self.kind == "RS256":
            return {"kty": "RSA", "n": encode(_bytes(numbers.n)), "e": encode(_bytes(numbers.e))}
        return {"kty": "EC", "crv": "P-256", "x": encode(_bytes(numbers.x, 32)), "y": encode(_bytes(numbers.y, 32))}

    def sign(self, text):
        if self.kind == "RS256":
            return self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return _bytes(r, 32) + _bytes(s, 32)

    def token(self, header, claims):
        text = f"{part(header)}.{part(claims)}"
        return f"{text}.{encode(self.sign(text))}"


def _bytes(number, length=None):
    return number.to_bytes(length or (number.bit_length() + 7) // 8, "big")


class Signer:
    """A program that holds a registered key."""

    def __init__(self, pair, key_id, environment, audience):
        self.pair = pair
        self.header = {"alg": pair.kind, "typ": "JWT", "kid": key_id}
        self.environment = environment
        self.audience = audience

    def claims(self, **changes):
        """None leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.environment, "sub": self.environment, "aud": self.audience, "iat": now, "exp": now + 300}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def token(self, header=None, **claims):
        return self.pair.token({**self.header, **(header or {})}, self.claims(**claims))

    def once(self, **claims):
        return self.token(jti=str(uuid.uuid4()), **claims)
