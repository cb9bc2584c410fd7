"""What is there before somebody comes: sent as the pages send it, without a browser."""

import httpx

from tests.browser.acts import PAY
from tests.integrations.kit import connection, id_in, integration
from tests.people import ACCOUNTS
from tests.town import Town


def integration_of(town: Town, person: str, name: str, **changes: str) -> str:
    """An integration that the person owns; its id. With acme/checkout in GitLab, if not said."""
    wanted = {"tool_place": "acme/checkout", "project_id": PAY, "jql": "", **changes}
    return id_in(_sent(town, person, "/integrations", integration(name=name, **wanted)))


def connection_of(town: Town, person: str, name: str = "Our GitLab", **changes: str) -> str:
    """A connection that the person owns; its id. With gitlab.com, if not said."""
    wanted = {"address": "https://gitlab.com", **changes}
    return id_in(_sent(town, person, "/connections", connection(name=name, **wanted)))


def _sent(town: Town, person: str, path: str, form: dict[str, str]) -> httpx.Response:
    token = town.sandbox.host.context_token(ACCOUNTS[person])
    headers = {"Authorization": f"JWT {token}", "HX-Request": "true", "Accept": "text/html"}
    answer = httpx.post(f"{town.app_url}{path}", data=form, headers=headers, timeout=20)
    answer.raise_for_status()
    return answer
