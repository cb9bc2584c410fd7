"""A site may answer what it likes: it becomes our types as they are meant, or no answer at all."""

import json
from typing import Any

import httpx
import pytest

from connect import JiraClient, Quota, Unreachable
from tests.connect.jira_site import SITE

ODD = "a\0b\ud800c\x1b\ue000d"
LONG = "x" * 100_000


def client(answer: Any) -> JiraClient:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(answer)))
    return JiraClient(httpx.AsyncClient(transport=transport), "com.getint.jira", Quota())


@pytest.mark.parametrize(("sent", "read"), [(ODD, "abcd"), (LONG, "x" * 255)])
async def test_names_come_without_what_no_page_and_no_table_takes(sent: str, read: str) -> None:
    user = {"accountId": "5b10", "displayName": sent, "active": True}
    addon = {"state": "ENABLED", "license": {"active": True, "entitlementNumber": sent}}
    project = {"id": "10001", "key": "PAY", "name": sent}
    (found,) = await client([user]).search_users(SITE, "gia")
    assert found.display_name == read
    (group,) = await client([{"groupId": "g-1", "name": sent}]).groups_of(SITE, "5b10")
    assert group.name == read
    assert (await client(addon).licence(SITE)).entitlement_number == read
    assert (await client(project).project(SITE, "PAY")).name == read


@pytest.mark.parametrize("odd", [ODD, LONG, "with space", "é"])
async def test_an_id_that_is_none_is_no_answer(odd: str) -> None:
    with pytest.raises(Unreachable):
        await client([{"groupId": odd, "name": "a"}]).groups_of(SITE, "5b10")
    with pytest.raises(Unreachable):
        await client([{"accountId": odd, "active": True}]).search_users(SITE, "gia")


@pytest.mark.parametrize(
    ("project_id", "key"), [("PAY", "PAY"), ("1" * 30, "PAY"), ("10001", ODD), ("10001", "a b")]
)
async def test_a_project_has_a_number_and_a_key(project_id: str, key: str) -> None:
    project = {"id": project_id, "key": key, "name": "Payments"}
    with pytest.raises(Unreachable):
        await client(project).project(SITE, "PAY")


@pytest.mark.parametrize("odd", [LONG, "javascript:alert(1)", "http://a.example/\0.png", "//x"])
async def test_a_picture_has_an_address_or_there_is_none(odd: str) -> None:
    user = {"accountId": "5b10", "active": True, "avatarUrls": {"48x48": odd}}
    (found,) = await client([user]).search_users(SITE, "gia")
    assert found.avatar_url is None
