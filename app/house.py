"""The parts of the house, put together once for each process."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
from starlette.requests import Request

from app.audit.trail import Refusals
from app.changes import Changes
from app.database import Database
from app.encryption import MasterKeys
from app.identity.account_door import AccountDoor
from app.identity.accounts import KnownAccounts
from app.identity.connect_door import ConnectDoor
from app.identity.doors import Doors
from app.identity.people import People
from app.identity.standing import Standings
from app.identity.token_door import TokenDoor
from app.instances.directory import Directory
from app.instances.jira_groups import JiraGroups
from app.instances.licence import Licences
from app.instances.lifecycle import ConnectLifecycle
from app.news.door import NewsDoor
from app.settings import Settings
from app.signing_in.accounts import SigningIn
from app.signing_in.attempts import Attempts
from app.signing_in.sessions import Sessions
from app.support.keys import SupportPublicKeys
from app.sync.budget import HostBudgets
from app.tokens.known import KnownTokens
from app.tools.addresses import AddressRule
from app.tools.transport import Resolver, new_tool_client, resolve
from connect import InstallKeys, JiraClient, Quota


@dataclass(frozen=True, slots=True)
class House:
    """Everything that routes and services are handed."""

    settings: Settings
    database: Database
    changes: Changes
    directory: Directory
    lifecycle: ConnectLifecycle
    install_keys: InstallKeys
    jira: JiraClient
    quota: Quota
    standings: Standings
    licences: Licences
    people: People
    groups: JiraGroups
    refusals: Refusals
    doors: Doors
    accounts: KnownAccounts
    sessions: Sessions
    attempts: Attempts
    signing_in: SigningIn
    token_door: TokenDoor
    news_door: NewsDoor
    tool_budgets: HostBudgets
    support_keys: SupportPublicKeys
    http: httpx.AsyncClient
    look_up: Resolver = resolve
    new_tool_client: Callable[[AddressRule, Resolver], httpx.AsyncClient] = new_tool_client

    @property
    def address_rule(self) -> AddressRule:
        """Which addresses of tools the operator allows."""
        settings = self.settings
        return AddressRule.allowing(settings.tool_private_hosts, loopback=settings.is_development)

    def tool_client(self) -> httpx.AsyncClient:
        """A client that connects only where the rule allows; to be closed by who asked for it."""
        return self.new_tool_client(self.address_rule, self.look_up)

    async def open(self) -> None:
        """Begin to listen for changes."""
        await self.changes.start()

    async def close(self) -> None:
        """End what runs in the background and give back connections."""
        await self.licences.close()
        await self.changes.stop()
        await self.http.aclose()
        await self.database.close()


def house_of(request: Request) -> House:
    """The house that answers this request."""
    house: House = request.app.state.house
    return house


def build_house(settings: Settings, http: httpx.AsyncClient) -> House:
    """Build all parts; nothing is connected yet. ``http`` is for Atlassian and Jira."""
    database = Database(settings)
    master_keys = MasterKeys(settings.master_keys)
    changes = Changes(settings.libpq_url)
    directory = Directory(database, master_keys, changes)
    quota = Quota()
    jira = JiraClient(http, settings.connect_app_key, quota)
    standings = Standings(jira, quota, changes)
    licences = Licences(database, jira, changes)
    accounts = KnownAccounts(database, changes)
    sessions = Sessions(
        database, changes, idle=settings.account_session_idle, longest=settings.account_session
    )
    attempts = Attempts(database)
    doors = Doors(
        ConnectDoor(
            settings=settings,
            database=database,
            changes=changes,
            directory=directory,
            standings=standings,
            licences=licences,
        ),
        AccountDoor(
            settings=settings,
            directory=directory,
            licences=licences,
            accounts=accounts,
            sessions=sessions,
        ),
    )
    return House(
        settings=settings,
        database=database,
        changes=changes,
        directory=directory,
        lifecycle=ConnectLifecycle(database, master_keys, directory, changes),
        install_keys=InstallKeys(settings.connect_install_keys_url, http),
        jira=jira,
        quota=quota,
        standings=standings,
        licences=licences,
        people=People(jira, accounts),
        groups=JiraGroups(jira, changes, group_prefix=settings.group_prefix),
        refusals=Refusals(database),
        doors=doors,
        accounts=accounts,
        sessions=sessions,
        attempts=attempts,
        signing_in=SigningIn(database, changes, sessions, attempts),
        token_door=TokenDoor(
            settings=settings,
            directory=directory,
            licences=licences,
            doors=doors,
            tokens=KnownTokens(database, changes),
        ),
        news_door=NewsDoor(database, directory),
        tool_budgets=HostBudgets(database),
        support_keys=SupportPublicKeys(settings.public_keys_of_support),
        http=http,
    )
