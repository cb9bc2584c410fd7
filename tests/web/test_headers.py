import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.headers import SecurityHeaders, content_security_policy
from tests.web.conftest import AP_JS_URL, PROBLEMS

ANSWERS = [
    "/page",
    "/number?n=1",
    "/number?n=x",
    "/nowhere",
    "/static/app.css",
    "/static/nothing.css",
    *(f"/problem/{kind}" for kind in PROBLEMS),
]


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";")]
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_carries_the_security_headers(
    asker: httpx.AsyncClient, path: str, accept: str
) -> None:
    answer = await asker.get(path, headers={"Accept": accept})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["X-Request-ID"]
    policy = directives(answer.headers["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    if not path.startswith("/static/"):
        assert answer.headers.get_list("Cache-Control") == ["no-cache, no-store"]


@pytest.mark.parametrize("ap_js_url", [AP_JS_URL, "http://localhost:2990/a/all.js", None])
def test_the_policy_allows_nothing_inline_and_no_eval(ap_js_url: str | None) -> None:
    policy = content_security_policy(ap_js_url)
    assert "unsafe" not in policy
    assert "*" not in policy
    allowed = directives(policy)
    assert allowed["connect-src"] == ["'self'"]
    assert allowed["base-uri"] == ["'none'"]


def test_scripts_come_from_us_and_from_the_bridge_of_the_settings_only() -> None:
    assert directives(content_security_policy(AP_JS_URL))["script-src"] == [
        "'self'",
        "https://jira.example",
    ]
    assert directives(content_security_policy(None))["script-src"] == ["'self'"]


async def test_exactly_the_verified_site_may_frame_an_answer(asker: httpx.AsyncClient) -> None:
    sites = ["https://acme.atlassian.net", "https://jira.acme.example/wiki"]
    answer = await asker.get("/page", params={"framed": sites})
    policy = directives(answer.headers["Content-Security-Policy"])
    assert policy["frame-ancestors"] == ["https://acme.atlassian.net", "https://jira.acme.example"]


@given(st.text(st.characters(codec="latin-1"), max_size=40), st.sampled_from(["", "https://a.b"]))
async def test_no_site_can_add_to_the_policy(rest: str, start: str) -> None:
    scope = {"type": "http", "path": "/", "state": {"frame_ancestors": (start + rest,)}}
    named = dict(SecurityHeaders(None).around([], scope))
    policy = named[b"content-security-policy"].decode("latin-1")
    names = [part.split()[0] for part in policy.split(";")]
    assert names.count("frame-ancestors") == 1
    assert names[-1] == "frame-ancestors"
    assert len(directives(policy)["frame-ancestors"]) == 1
    assert "*" not in policy
