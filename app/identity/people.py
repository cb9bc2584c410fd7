"""Names of people: Jira's are asked for when shown and kept in memory only, the others are ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from cachetools import TTLCache

from app.identity.accounts import KnownAccounts, account_id_of
from app.instances.facts import InstanceFacts
from connect import JiraClient, JiraError
from connect.claims import ACCOUNT_ID

_KEPT = 50_000
_KEPT_S = 3600
UNKNOWN = "Unknown person"
_log = structlog.stdlib.get_logger("app.people")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as pages show them."""

    account: str
    name: str
    avatar_url: str | None = None
    is_known: bool = True


class People:
    """Looks up who is behind an account."""

    def __init__(self, jira: JiraClient, accounts: KnownAccounts) -> None:
        self._jira = jira
        self._accounts = accounts
        self._kept: TTLCache[tuple[UUID, str], Person] = TTLCache(_KEPT, _KEPT_S)

    async def named(self, facts: InstanceFacts, accounts: Iterable[str]) -> dict[str, Person]:
        """A Person for every account; one that says so where nobody knows or tells a name."""
        wanted = dict.fromkeys(accounts)
        ours = {account: id_ for account in wanted if (id_ := account_id_of(account))}
        names = await self._accounts.names(facts.instance_id, ours.values()) if ours else {}
        return await self._of_jira(facts, [it for it in wanted if it not in ours]) | {
            account: Person(account, names[id_]) if id_ in names else _unknown(account)
            for account, id_ in ours.items()
        }

    async def _of_jira(self, facts: InstanceFacts, wanted: list[str]) -> dict[str, Person]:
        people = {
            account: person
            for account in wanted
            if (person := self._kept.get((facts.instance_id, account)))
        }
        missing = [account for account in wanted if account not in people]
        found = await self._ask(facts, missing)
        for account in missing:
            person = (found or {}).get(account) or _unknown(account)
            people[account] = person
            if found is not None:
                self._kept[(facts.instance_id, account)] = person
        return people

    async def _ask(self, facts: InstanceFacts, accounts: list[str]) -> dict[str, Person] | None:
        """Those whom Jira knows; None when it does not answer."""
        ids = [
            account.removeprefix("jira:")
            for account in accounts
            if account.startswith("jira:") and ACCOUNT_ID(account.removeprefix("jira:"))
        ]
        if not ids or facts.linked_site is None:
            return {}
        try:
            users = await self._jira.users(facts.site, ids)
        except JiraError as error:
            # A page without names beats no page.
            _log.info("names not read", kind=type(error).__name__, instance=facts.instance_id)
            return None
        people = (
            Person(f"jira:{user.account_id}", user.display_name, user.avatar_url) for user in users
        )
        return {person.account: person for person in people}


def _unknown(account: str) -> Person:
    return Person(account, UNKNOWN, is_known=False)
