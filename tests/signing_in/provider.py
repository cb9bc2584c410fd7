"""`python -m tests.signing_in.provider PORT`: a real OpenID provider that insists on PKCE.

oidc-provider-mock signs, checks clients and shows its sign-in page; that a code is only for whom it
was asked by (RFC 7636) is added around it.
"""

import sys
import warnings
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

Start = Callable[..., Any]


class WithPkce:
    """Refuses a code without the verifier that belongs to its challenge."""

    def __init__(self, wrapped: Callable[..., Iterable[bytes]]) -> None:
        self._wrapped = wrapped
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
            if not self._is_proven(parse_qs(body.decode())):
                start("400 Bad Request", [("Content-Type", "application/json")])
                return [b'{"error": "invalid_grant"}']
        asked = parse_qs(environ.get("QUERY_STRING", ""))

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            location = dict(headers).get("Location", "")
            for code in parse_qs(urlsplit(location).query).get("code", ()):
                assert asked["code_challenge_method"] == ["S256"]
                self._challenges[code] = asked["code_challenge"][0]
            return start(status, headers, *more)

        return self._wrapped(environ, started)

    def _is_proven(self, form: dict[str, list[str]]) -> bool:
        verifier = form.get("code_verifier", [""])[0]
        challenge = self._challenges.get(form.get("code", [""])[0])
        return challenge is not None and challenge == create_s256_code_challenge(verifier)  # type: ignore[no-untyped-call]


def main(port: int) -> None:
    """Serve until the process is ended."""
    warnings.simplefilter("ignore")
    import oidc_provider_mock
    import werkzeug.serving

    app = oidc_provider_mock.app(require_nonce=True, require_client_registration=True)
    werkzeug.serving.make_server("localhost", port, WithPkce(app), threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
