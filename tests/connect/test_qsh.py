"""The query string hash agrees with Atlassian's two libraries."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, quote

import pytest
from atlassian_jwt import url_utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connect import canonical_request, query_string_hash
from tests.examples import many

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
NPM_LIBRARY = ROOT / "node_modules" / "atlassian-jwt"
BATCH = many(3_000)

_methods = st.sampled_from(["GET", "get", "POST", "put", "DELETE"])
_segment = st.text("abcXYZ019-._~%20&=+,!'()*@$", max_size=8)
_paths = st.lists(_segment, max_size=4).map(lambda segments: "/" + "/".join(segments))
_raw = st.text("abzABZ09-._~ %+=&2Fjwt;:/?@[]{}*!'(),\"<>\\^`|$", max_size=12).map(
    lambda text: text.replace("#", "")
)
_names = st.one_of(
    st.sampled_from(["jwt", "a", "b", "xdm_e", "q", "a.b", "A", "%6Awt"]),
    st.text(max_size=6).map(lambda text: quote(text, safe="", errors="replace")),
    _raw,
)
_values = st.one_of(
    _raw,
    st.text(max_size=10).map(lambda text: quote(text, safe="", errors="replace")),
    st.sampled_from(["https%3A%2F%2Fone.atlassian.net", "%e2%82%ac", "%E2%82", "%zz", "%", "1+2"]),
)
_pairs = st.tuples(_names, st.sampled_from(["=", "=", "="]), _values) | st.tuples(
    _names, st.just(""), st.just("")
)
_queries = st.lists(_pairs.map("".join), max_size=5).map("&".join)


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("get", "", "", "GET&/&"),
        ("GET", "/", "", "GET&/&"),
        ("GET", "/path/", "", "GET&/path&"),
        ("GET", "path", "", "GET&/path&"),
        ("GET", "/a&b", "c=d", "GET&/a%26b&c=d"),
        ("GET", "/a%20b", "", "GET&/a%20b&"),
        ("GET", "/p", "q", "GET&/p&q="),
        ("GET", "/p", "b=2&a=1&jwt=x.y.z", "GET&/p&a=1&b=2"),
        ("GET", "/p", "%6Awt=x.y.z&a=1", "GET&/p&a=1"),
        ("GET", "/p", "jwt&a=1", "GET&/p&a=1"),
        ("GET", "/p", "r=b+2&r=a%201", "GET&/p&r=a%201,b%202"),
        ("GET", "/p", "r=%5B&r=a&r=Z", "GET&/p&r=Z,%5B,a"),
        ("GET", "/p", "a=*!'()~", "GET&/p&a=%2A%21%27%28%29~"),
        ("GET", "/p", "a=%7e%41%2f", "GET&/p&a=~A%2F"),
        ("GET", "/p", "a=%41%7E", "GET&/p&a=A~"),
        ("GET", "/p", "a=b=c&&", "GET&/p&a=b%3Dc"),
        ("GET", "/p", "a-b=1&a%20b=2", "GET&/p&a%20b=2&a-b=1"),
    ],
)
def test_the_canonical_request_follows_atlassians_rules(
    method: str, path: str, query: str, expected: str
) -> None:
    assert canonical_request(method, path, query) == expected


@settings(max_examples=600)
@given(method=_methods, path=_paths, query=_queries)
def test_it_agrees_with_pypi_atlassian_jwt(method: str, path: str, query: str) -> None:
    # urlparse would read a colon as a scheme, and strip more slashes than Atlassian's host does.
    path = "/" + path.replace("//", "/").replace("//", "/").strip("/")
    url = f"{path}?{query}"
    assert canonical_request(method, path, query) == url_utils.canonicalize_request(method, url)
    assert query_string_hash(method, path, query) == url_utils.hash_url(method, url)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(not NPM_LIBRARY.exists(), reason="npm ci has not been run")
def test_it_agrees_with_npm_atlassian_jwt_on_thousands_of_urls() -> None:
    urls = _generated_urls()
    assert len(urls) >= 2_000
    ours = [query_string_hash(*url) for url in urls]
    theirs = _npm_hashes(urls)
    differing = [url for url, a, b in zip(urls, ours, theirs, strict=True) if a != b]
    assert differing == []


@given(query=_queries)
def test_a_token_in_the_query_never_changes_the_hash(query: str) -> None:
    joined = f"{query}&jwt=aaa.bbb.ccc" if query else "jwt=aaa.bbb.ccc"
    assert query_string_hash("GET", "/p", joined) == query_string_hash("GET", "/p", query)


@given(path=st.text("ab&=/", min_size=1, max_size=8), query=st.text("ab&=", max_size=8))
def test_what_is_path_can_not_be_passed_off_as_query(path: str, query: str) -> None:
    text = canonical_request("GET", path, query)
    assert text.count("&") == 2 + max(0, len(_distinct_names(query)) - 1)


def _distinct_names(query: str) -> set[str]:
    return {name for name, _ in parse_qsl(query, keep_blank_values=True)}


def _generated_urls() -> list[tuple[str, str, str]]:
    found: dict[tuple[str, str, str], None] = {}

    @settings(
        max_examples=BATCH,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(method=_methods, path=_paths, query=_queries)
    def collect(method: str, path: str, query: str) -> None:
        if _npm_sorts_as_the_host_does(query):
            found[method, path, query] = None

    collect()
    return list(found)


def _npm_sorts_as_the_host_does(query: str) -> bool:
    """npm sorts names before encoding, in UTF-16: for some names not the order of the rules."""
    pairs = parse_qsl(query, keep_blank_values=True)
    names = {name for name, _ in pairs}
    values = [value for _, value in pairs]
    return (
        sorted(names, key=_utf16) == sorted(names, key=lambda name: quote(name, safe="~"))
        and sorted(values, key=_utf16) == sorted(values)
        and "__proto__" not in names
    )


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def _npm_hashes(urls: list[tuple[str, str, str]]) -> list[str]:
    script = """
      const {createQueryStringHash} = require(process.argv[1]);
      const {parse} = require('node:querystring');
      const urls = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
      const hash = ([method, pathname, query]) =>
        createQueryStringHash({method, pathname, query: parse(query)}, false, '');
      process.stdout.write(JSON.stringify(urls.map(hash)));
    """
    answer = subprocess.run(
        [str(NODE), "-e", script, str(NPM_LIBRARY)],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    hashes: list[str] = json.loads(answer.stdout)
    return hashes
