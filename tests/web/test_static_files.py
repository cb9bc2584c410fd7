import httpx
import pytest

from app.web.static_files import static_url

KEPT = "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("address", "cache"),
    [
        (static_url("app.css"), KEPT),
        ("/static/app.css", "no-cache"),
        ("/static/app.css?v=000000000000", "no-cache"),
        ("/static/app.css?v=", "no-cache"),
    ],
)
async def test_only_the_address_of_the_present_content_may_be_kept(
    asker: httpx.AsyncClient, address: str, cache: str
) -> None:
    answer = await asker.get(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, cache)


@pytest.mark.parametrize(
    "path", ["/static/nothing.css?v=", "/static/../pages.py", "/static/%2e%2e/pages.py", "/static/"]
)
async def test_nothing_outside_of_the_folder_is_served(asker: httpx.AsyncClient, path: str) -> None:
    answer = await asker.get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] != KEPT
