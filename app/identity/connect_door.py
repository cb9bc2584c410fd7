"""The Connect door: a token signed by a Jira site becomes a Visit."""

import re
from collections.abc import Iterable

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request

from app.access import Action, Caller, Door, Situation, Tool
from app.changes import Changes
from app.database import Database
from app.errors import CannotTell, Unproven
from app.identity.standing import Standing, Standings
from app.identity.visit import ProjectInView, Proof, Visit
from app.instances.bindings import newly_standard, remember_standard_unchecked
from app.instances.directory import Directory
from app.instances.facts import InstanceFacts
from app.instances.licence import STANDING, Licences, PageWord
from app.metrics import TOKENS_REFUSED
from app.settings import Settings
from connect import (
    Claims,
    Group,
    LicenceState,
    TokenProblem,
    TokenRefused,
    parse_token,
    request_path,
    request_query,
    token_in_header,
    unverified_issuer,
    verify_context_token,
    verify_page_token,
)

_log = structlog.stdlib.get_logger("app.door")
_PROJECT_ID = re.compile(r"[0-9]{1,18}").fullmatch
RELOAD = "Reload the page in Jira to get a new one."


class ConnectDoor:
    """Asks for proof, learns the standing, and says who is calling."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        changes: Changes,
        directory: Directory,
        standings: Standings,
        licences: Licences,
    ) -> None:
        self._settings = settings
        self._database = database
        self._changes = changes
        self._directory = directory
        self._standings = standings
        self._licences = licences

    async def enter(self, request: Request, proof: Proof, action: Action) -> Visit:
        """Raise ``Unproven`` without a good token, ``CannotTell`` when Jira can not be asked."""
        query = request.query_params if proof is Proof.PAGE else QueryParams()
        try:
            facts, claims = await self._proven(request, proof)
        except TokenRefused as refused:
            _log.info("token refused", reason=refused.reason, proof=proof)
            TOKENS_REFUSED.labels(refused.reason).inc()
            raise Unproven(str(refused), mend=RELOAD) from refused
        request.state.frame_ancestors = (facts.site.base_url, facts.site.display_url)
        if claims.account_id is None:
            raise Unproven("You are not logged in to Jira.", mend="Log in to Jira, then reload.")
        project = _project_in_view(claims, query)
        installed = facts.is_installed and (facts.is_enabled or proof is Proof.PAGE)
        if not installed:
            caller = self._caller_of_nothing(facts, claims.account_id)
            state = self._licences.known_state(facts)
            return Visit(caller, facts, proof, action, state, project)
        licence = await self._licences.state(facts, _page_word(query))
        caller = await self.caller_of(facts, claims.account_id, project, licence)
        return Visit(caller, facts, proof, action, licence, project)

    async def caller_of(
        self,
        facts: InstanceFacts,
        account_id: str,
        project: ProjectInView | None,
        licence: LicenceState,
    ) -> Caller:
        """Anybody of this Jira as they would stand here now, coming from ``project`` if given."""
        standing = await self._standings.of(facts, account_id, project.id if project else None)
        return Caller(
            instance_id=facts.instance_id,
            account=f"jira:{account_id}",
            door=Door.CONNECT,
            is_admin=standing.is_admin,
            tools=await self._tools(facts, standing),
            projects=_administered(standing, project),
            workspaces=frozenset({facts.workspace_id}),
            situation=Situation(
                installed=True,
                configured=facts.is_configured,
                licence=STANDING[licence],
                standing_is_current=standing.is_current,
                group_prefix=self._settings.group_prefix,
            ),
        )

    async def _proven(self, request: Request, proof: Proof) -> tuple[InstanceFacts, Claims]:
        token = parse_token(_token(request, proof))
        facts = await self._directory.find(unverified_issuer(token))
        if facts is None:
            raise TokenRefused(
                TokenProblem.UNKNOWN_SITE, "Getint is not installed in the Jira that you came from."
            )
        base_url, app_key = self._settings.app_base_url, self._settings.connect_app_key
        if proof is Proof.CONTEXT:
            return facts, verify_context_token(
                token, facts.site, app_base_url=base_url, app_key=app_key
            )
        return facts, verify_page_token(
            token,
            facts.site,
            method=request.method,
            path=request_path(request, base_url),
            query=request_query(request),
            app_base_url=base_url,
            app_key=app_key,
        )

    def _caller_of_nothing(self, facts: InstanceFacts, account_id: str) -> Caller:
        situation = Situation(installed=False, group_prefix=self._settings.group_prefix)
        return Caller(facts.instance_id, f"jira:{account_id}", situation=situation)

    async def _tools(self, facts: InstanceFacts, standing: Standing) -> frozenset[str]:
        if standing.groups is None:
            if standing.is_admin or standing.administers_project:
                return frozenset()
            raise CannotTell(
                "Jira does not let Getint read which groups you are in.",
                mend="A Jira administrator has to give the app's user the global permission "
                "Browse users and groups.",
                retry_after=60,
            )
        found = newly_standard(
            self._settings.group_prefix,
            ((group.id, group.name) for group in standing.groups),
            facts.standard_bound,
        )
        if found:
            await self._remember(facts, found)
        return frozenset(_tools_of(standing.groups, facts, found))

    async def _remember(self, facts: InstanceFacts, found: dict[str, Tool]) -> None:
        async with self._database.of_instance(facts.instance_id) as session:
            await remember_standard_unchecked(session, facts.instance_id, found)
            await self._changes.announce(session, facts.instance_id)


def _token(request: Request, proof: Proof) -> str:
    in_query = request.query_params.getlist("jwt")
    in_header = request.headers.get("authorization")
    if proof is Proof.CONTEXT:
        if in_query:
            raise TokenRefused(TokenProblem.KIND, "A token does not belong into this address.")
        return token_in_header(in_header)
    if len(in_query) != 1 or in_header is not None:
        raise TokenRefused(TokenProblem.MISSING, "This page opens only from inside Jira.")
    return in_query[0]


def _project_in_view(claims: Claims, query: QueryParams) -> ProjectInView | None:
    """From a context token's claims, or from a page's own signed address."""
    if claims.project_id and claims.project_key and _PROJECT_ID(claims.project_id):
        return ProjectInView(claims.project_id, claims.project_key)
    ids, keys = query.getlist("projectId"), query.getlist("projectKey")
    if len(ids) == 1 and len(keys) == 1 and _PROJECT_ID(ids[0]):
        return ProjectInView(ids[0], keys[0])
    return None


def _page_word(query: QueryParams) -> PageWord | None:
    """Atlassian's `lic`; anything but `active` is none (facts of Connect licensing)."""
    if not query:
        return None
    return "active" if query.getlist("lic") == ["active"] else "none"


def _administered(standing: Standing, project: ProjectInView | None) -> frozenset[str]:
    if project is not None and standing.administers_project:
        return frozenset({project.id})
    return frozenset()


def _tools_of(
    groups: Iterable[Group], facts: InstanceFacts, found: dict[str, Tool]
) -> Iterable[str]:
    for group in groups:
        yield from facts.tools_by_group.get(group.id, ())
        if group.id in found:
            yield found[group.id]
