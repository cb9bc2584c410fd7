"""An identity provider: OpenID Connect, authorization code with PKCE, state and nonce.

What belongs to one sign-in goes through the browser in a sealed cookie, so any process can end
what another one began.
"""

import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from app.encryption import CannotOpen
from app.errors import CannotTell
from connect.sites import is_loopback

LASTS_S = 600
"""How long somebody may take at the provider."""
_KEPT_S = 3600
_LEEWAY_S = 30
_MOST_BYTES = 256 * 1024
# Asymmetric only: with "none" or an HMAC, others than the provider could sign.
_ALGORITHMS = ["RS256", "PS256", "ES256"]
_PLACE = "sign-in at the provider"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Seals(Protocol):
    """A key that seals what goes through a browser."""

    def seal(self, plain: bytes, *place: object) -> bytes: ...

    def open(self, sealed: bytes, *place: object) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us as."""

    issuer: str
    id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody for whom the provider vouches; ``verified_email`` is empty if it is not."""

    issuer: str
    subject: str
    verified_email: str


class NotVouchedFor(Exception):  # noqa: N818 - an answer, not a fault
    """What came back from the provider proves nobody; the text says why, without its content."""


class IdentityProvider:
    """Sends people to the provider, and checks what they come back with."""

    def __init__(self, client: Client, keys: Seals, http: httpx.AsyncClient) -> None:
        self._client = client
        self._keys = keys
        self._http = http
        self._place = (_PLACE, client.issuer, client.id)
        self._metadata: Mapping[str, Any] = {}
        self._metadata_at = 0.0
        self._key_set = KeySet([])

    async def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it has to bring back."""
        metadata = await self._known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self._client.id,
            "code",
            redirect_uri=self._client.redirect_uri,
            scope="openid email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        begun = {"state": state, "nonce": nonce, "verifier": verifier, "at": time.time()}
        return address, self._keys.seal(json.dumps(begun).encode(), *self._place).hex()

    async def complete(self, given: Mapping[str, str], cookie: str) -> Identity:
        """Who came back. ``NotVouchedFor``, or ``CannotTell`` where the provider is away."""
        begun = self._begun(cookie)
        if not hmac.compare_digest(given.get("state", "").encode(), begun["state"].encode()):
            raise NotVouchedFor("the state is not of this browser")
        if given.get("iss", self._client.issuer) != self._client.issuer:
            raise NotVouchedFor("the answer is of another issuer")
        if not (code := given.get("code")):
            raise NotVouchedFor("the provider gave no code")
        answer = await self._exchanged(code, begun["verifier"])
        claims = await self._checked(str(answer.get("id_token", "")), begun["nonce"], answer)
        is_verified = claims.get("email_verified") is True
        return Identity(
            self._client.issuer,
            str(claims["sub"]),
            str(claims.get("email", "")) if is_verified else "",
        )

    def _begun(self, cookie: str) -> dict[str, Any]:
        try:
            begun: dict[str, Any] = json.loads(self._keys.open(bytes.fromhex(cookie), *self._place))
        except (CannotOpen, ValueError):
            raise NotVouchedFor("this browser began no sign-in") from None
        if time.time() - begun["at"] > LASTS_S:
            raise NotVouchedFor("the sign-in took too long")
        return begun

    async def _exchanged(self, code: str, verifier: str) -> dict[str, Any]:
        metadata = await self._known()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": verifier,
        }
        auth = None
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            auth = _basic(self._client)
        else:
            form |= {"client_id": self._client.id, "client_secret": self._client.secret}
        return await self._answer("POST", metadata["token_endpoint"], data=form, auth=auth)

    async def _checked(self, token: str, nonce: str, answer: Mapping[str, Any]) -> CodeIDToken:
        try:
            found = await self._decoded(token)
            claims = CodeIDToken(
                found.claims,
                found.header,
                options={
                    "iss": {"essential": True, "value": self._client.issuer},
                    "aud": {"essential": True, "value": self._client.id},
                    "sub": {"essential": True},
                },
                params={
                    "client_id": self._client.id,
                    "nonce": nonce,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError) as error:
            raise NotVouchedFor(f"the ID token is not good: {type(error).__name__}") from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotVouchedFor("the ID token is of another sign-in")
        return claims

    async def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):  # the provider may have new keys
            metadata = await self._known()
            found = await self._answer("GET", metadata["jwks_uri"])
            self._key_set = KeySet.import_key_set(cast("KeySetSerialization", found))
            return jwt.decode(token, self._key_set, algorithms=_ALGORITHMS)

    async def _known(self) -> Mapping[str, Any]:
        """What the provider says of itself, an hour old at most."""
        if self._metadata and time.monotonic() - self._metadata_at < _KEPT_S:
            return self._metadata
        address = f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._answer("GET", address)
        if found.get("issuer") != self._client.issuer:
            raise _away("It calls itself by another name than was configured.")
        if not all(_is_safe(found.get(name)) for name in _ENDPOINTS):
            raise _away("It names an address that is not https.")
        self._metadata, self._metadata_at = found, time.monotonic()
        return found

    async def _answer(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, url, **options)
            if response.status_code in {400, 401}:
                raise NotVouchedFor("the provider refused the code")
            response.raise_for_status()
            found = response.json() if len(response.content) <= _MOST_BYTES else None
        except (httpx.HTTPError, ValueError):
            raise _away("It did not answer as it should.") from None
        if not isinstance(found, dict):
            raise _away("It did not answer as it should.")
        return found


def _basic(client: Client) -> httpx.BasicAuth:
    """Each part form-encoded before they are joined: RFC 6749, 2.3.1."""
    return httpx.BasicAuth(quote_plus(client.id), quote_plus(client.secret))


def _is_safe(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _away(why: str) -> CannotTell:
    return CannotTell(f"The identity provider cannot be used. {why}", mend="Try again in a moment.")
