import httpx
import pytest

from tests.web.conftest import HIDDEN, STATUSES

HTMX = {"HX-Request": "true", "Accept": "text/html"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
MACHINE = {"Accept": "application/json"}
KINDS = pytest.mark.parametrize(("kind", "status"), STATUSES.items())


@KINDS
async def test_htmx_gets_a_fragment(asker: httpx.AsyncClient, kind: str, status: int) -> None:
    answer = await asker.get(f"/problem/{kind}", headers=HTMX)
    assert answer.status_code == status
    assert answer.headers["Getint-Problem"]
    assert 'role="alert"' in answer.text
    assert "<html" not in answer.text


@KINDS
async def test_a_browser_gets_a_page(asker: httpx.AsyncClient, kind: str, status: int) -> None:
    answer = await asker.get(f"/problem/{kind}", headers=BROWSER)
    assert answer.status_code == status
    assert answer.text.startswith("<!doctype html>")
    assert answer.text.count("<h1") == 1


@KINDS
async def test_others_get_problem_json(asker: httpx.AsyncClient, kind: str, status: int) -> None:
    answer = await asker.get(f"/problem/{kind}", headers=MACHINE)
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"]) == (status, status)
    assert told["type"] == f"urn:getint:problem:{answer.headers['Getint-Problem']}"
    assert told["instance"] == answer.headers["X-Request-ID"]
    assert told["title"]


@pytest.mark.parametrize("headers", [HTMX, BROWSER, MACHINE])
async def test_a_refusal_says_why_what_is_needed_and_who_can_help(
    asker: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await asker.get("/problem/refused", headers=headers)
    assert "has not been set up" in answer.text
    assert "has to finish the set-up" in answer.text
    assert "A Jira administrator" in answer.text


@pytest.mark.parametrize("headers", [HTMX, BROWSER, MACHINE])
async def test_an_unexpected_error_gives_nothing_away_but_its_request_id(
    asker: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await asker.get("/problem/crash", headers=headers)
    assert answer.status_code == 500
    assert HIDDEN not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


async def test_cannot_tell_says_when_to_ask_again(asker: httpx.AsyncClient) -> None:
    assert (await asker.get("/problem/unsure")).headers["Retry-After"] == "7"
    assert (await asker.get("/problem/unconfirmed")).headers["Retry-After"] == "5"


async def test_no_proof_names_the_scheme_that_would_be_one(asker: httpx.AsyncClient) -> None:
    assert (await asker.get("/problem/unproven")).headers["WWW-Authenticate"] == "JWT"


async def test_wrong_fields_are_named_and_their_texts_escaped(asker: httpx.AsyncClient) -> None:
    told = (await asker.get("/problem/wrong", headers=MACHINE)).json()
    assert told["fields"] == {"name": "Give it a name <b>"}
    assert "Give it a name &lt;b&gt;" in (await asker.get("/problem/wrong", headers=HTMX)).text


async def test_a_wrong_parameter_is_named_and_not_repeated(asker: httpx.AsyncClient) -> None:
    answer = await asker.get("/number", params={"n": "not-a-number"})
    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == ["n"]
    assert "not-a-number" not in answer.text


async def test_an_unknown_address_and_a_wrong_method_are_told(asker: httpx.AsyncClient) -> None:
    missing = await asker.get("/nowhere", headers=BROWSER)
    assert (missing.status_code, missing.text.count("<h1")) == (404, 1)
    wrong = await asker.post("/page", headers=MACHINE)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET")


async def test_a_refused_page_takes_the_place_of_the_page(asker: httpx.AsyncClient) -> None:
    headers = {**HTMX, "HX-Target": "main#main"}
    page = await asker.get("/problem/refused", headers=headers)
    assert page.text.count("<h1") == 1
    assert "data-title=" in page.text
    notice = await asker.get("/problem/unsure", headers=headers)
    assert "<h1" not in notice.text
