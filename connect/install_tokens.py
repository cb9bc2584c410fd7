"""RS256 tokens of `installed` and `uninstalled`: signed by Atlassian, not with our shared secret.

Cheap questions come first, so that nobody without a plausible token makes us fetch a key.
"""

import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from connect import claims as judge
from connect.install_keys import InstallKeys, check_key_id
from connect.jws import Jws
from connect.refusals import TokenProblem, TokenRefused


async def verify_install_token(
    token: Jws,
    keys: InstallKeys,
    *,
    client_key: str,
    method: str,
    path: str,
    query: str,
    app_base_url: str,
    now: float | None = None,
) -> int:
    """Verify the token of a signed install or uninstall; answers its `exp`.

    `client_key` is the one in the body, which the signature does not cover.
    Raises TokenRefused and KeyServerUnreachable.
    """
    now = time.time() if now is None else now
    kid = check_install_header(token)
    # Nothing below is acted on before the signature has been checked.
    _, expires_at = judge.check_times(token.claims, now)
    judge.check_issuer(token.claims, client_key)
    judge.check_audience(token.claims, (app_base_url,))
    judge.check_bound(token.claims, method, path, query)
    _check_signature(token, await keys.get(kid))
    return expires_at


def check_install_header(token: Jws) -> str:
    """The key id of an RS256 token. Raises TokenRefused(algorithm, key_id)."""
    if token.header.get("alg") != "RS256":
        raise TokenRefused(TokenProblem.ALGORITHM, "The token must be signed with RS256 here.")
    return check_key_id(token.header.get("kid"))


def _check_signature(token: Jws, key: RSAPublicKey) -> None:
    try:
        key.verify(token.signature, token.signing_input, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise TokenRefused(
            TokenProblem.SIGNATURE, "The token was not signed with the key that it names."
        ) from None
