"""Names are asked for when shown, each once, and a page without names beats no page."""

from collections.abc import Sequence

import pytest

from app.house import House
from app.identity.people import UNKNOWN, People
from app.instances.facts import InstanceFacts
from connect import JiraClient, JiraError, Site, Unreachable, User
from sandbox.running import Sandbox


class Jira(JiraClient):
    """Knows Gia, and notes whom it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fault: JiraError | None = None

    async def users(self, site: Site, account_ids: Sequence[str]) -> tuple[User, ...]:
        del site
        self.asked.append(list(account_ids))
        if self.fault is not None:
            raise self.fault
        return tuple(User("gia", "Gia", True, None) for each in account_ids if each == "gia")


@pytest.fixture
async def facts(house: House, installed: Sandbox) -> InstanceFacts:
    facts = await house.directory.find(installed.site.client_key)
    assert facts is not None
    return facts


async def test_each_person_is_asked_for_once_known_or_not(
    facts: InstanceFacts, house: House
) -> None:
    jira = Jira()
    people = People(jira, house.accounts)
    for _ in range(2):
        named = await people.named(facts, ["jira:gia", "jira:left", "jira:gia"])
        assert [(person.name, person.is_known) for person in named.values()] == [
            ("Gia", True),
            (UNKNOWN, False),
        ]
    assert jira.asked == [["gia", "left"]]


async def test_while_jira_is_away_nobody_is_remembered_as_unknown(
    facts: InstanceFacts, house: House
) -> None:
    jira = Jira()
    people = People(jira, house.accounts)
    jira.fault = Unreachable("away")
    assert (await people.named(facts, ["jira:gia"]))["jira:gia"].name == UNKNOWN
    jira.fault = None
    assert (await people.named(facts, ["jira:gia"]))["jira:gia"].name == "Gia"


@pytest.mark.parametrize(
    "account", ["atlassian", "getint", "user:1", "jira:", "jira:a b/ü", "jira:\0"]
)
async def test_what_is_no_account_of_jira_is_not_asked_for(
    facts: InstanceFacts, house: House, account: str
) -> None:
    jira = Jira()
    assert (await People(jira, house.accounts).named(facts, [account]))[account].name == UNKNOWN
    assert jira.asked == []
