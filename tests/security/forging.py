"""Tokens as an attacker would make them."""

import base64
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.running import Sandbox
from sandbox.seed import ALICE

_FOREIGN_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    """What a good token of an admin says, but for what is ``changed`` (None takes it out)."""
    now = int(time.time())
    good = {
        "iss": sandbox.site.client_key,
        "sub": ALICE,
        "iat": now,
        "exp": now + 180,
        "jti": str(uuid4()),
        **changed,
    }
    return {name: value for name, value in good.items() if value is not None}


def forged(sandbox: Sandbox, qsh: str) -> dict[str, str]:
    """By name of the attack, a token that must open nothing."""
    secret = sandbox.host.addon.shared_secret
    now = int(time.time())

    def signed(key: str = secret, algorithm: str = "HS256", **changed: Any) -> str:
        said = claims(sandbox, **{"qsh": qsh, **changed})
        return jwt.encode(said, key, algorithm=algorithm)

    return {
        "wrong secret": signed(key="a secret that nobody agreed upon!"),
        "alg none": jwt.encode(claims(sandbox, qsh=qsh), "", algorithm="none"),
        "HS512": signed(algorithm="HS512", key=secret),
        "the public key as secret": signed_by_hand(
            public_pem(sandbox).encode(), claims(sandbox, qsh=qsh)
        ),
        "RS256 with Atlassian's key": signed_by_rsa(
            sandbox, sandbox.site.install_key_pem, claims(sandbox, qsh=qsh)
        ),
        "RS256 with a foreign key": signed_by_rsa(sandbox, foreign_pem(), claims(sandbox, qsh=qsh)),
        "expired": signed(iat=now - 300, exp=now - 60),
        "without exp": signed(exp=None),
        "without iat": signed(iat=None),
        "without qsh": signed(qsh=None),
        "life too long": signed(exp=now + 86_400),
        "issued tomorrow": signed(iat=now + 86_400, exp=now + 86_500),
        "a site that nobody knows": signed(iss=str(uuid4())),
        "meant for another app": signed(aud="https://other.example.com"),
        "no token at all": "not.a.token",
        "empty": "",
    }


def signed_by_hand(secret: bytes, said: dict[str, Any]) -> str:
    """HS256 with any bytes as the secret: PyJWT refuses to sign with what looks like a key."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"typ": "JWT", "alg": "HS256"}, said)
    ]
    signature = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def public_pem(sandbox: Sandbox) -> str:
    key = serialization.load_pem_private_key(sandbox.site.install_key_pem.encode(), None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def foreign_pem() -> str:
    return _FOREIGN_KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def signed_by_rsa(sandbox: Sandbox, pem: str, said: dict[str, Any], kid: str | None = None) -> str:
    return jwt.encode(
        said, pem, algorithm="RS256", headers={"kid": kid or sandbox.site.install_key_id}
    )
