"""Whether an integration may run now: asked before each slice, as if its owner pressed the button.

What the owner may do is learnt as their door would learn it and decided by the core, so a run never
does what its owner could not.
"""

from uuid import UUID

from app.access import Action, Answer, Caller, Decision, Reason, Situation, decide
from app.errors import CannotTell
from app.identity.doors import Doors
from app.identity.visit import ProjectInView
from app.identity.workspaces import projects_listed_for
from app.instances.directory import Directory
from app.instances.facts import InstanceFacts
from app.instances.licence import Licences
from app.integrations.models import Integration
from app.settings import Settings

PAUSED = "The integration is paused. Its runs go on when somebody resumes it."
_TRY_AGAIN_S = 60
_OF_THE_OWNER = {
    Reason.OWNER_LOST_STANDING: "The owner no longer has the access that came with the integration:"
    " they have left the Jira group {group} and do not administer its project.",
    Reason.NO_ACCESS: "The owner is not a Jira administrator and in none of Getint's groups.",
}
_OF_AN_ACCOUNT = (
    "The owner's account is disabled or gone, or has no access to the workspace any more. Needed: "
    "access to the workspace for the owner, or a new owner: an administrator of Getint can hand "
    "the integration over."
)
_NOT_LISTED = (
    "The workspace does not list the Jira project any more, and the owner has no account in that "
    "Jira. Needed: the project in the workspace's list, or a new owner: an administrator of Getint "
    "can give both."
)


class MayNotRun(Exception):  # noqa: N818 - an answer, not a fault
    """The run has to wait for a person; the text says why and what is needed, without content."""


class RightToRun:
    """Asks the licence, the site and whoever knows what the owner may do."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        licences: Licences,
        doors: Doors,
    ) -> None:
        self._prefix = settings.group_prefix
        self._directory = directory
        self._licences = licences
        self._doors = doors

    async def require(self, integration: Integration) -> InstanceFacts:
        """The facts to run with. Raises ``MayNotRun``, or ``CannotTell`` where Jira is away."""
        if integration.state == "paused":
            raise MayNotRun(PAUSED)
        facts = await self.facts(integration.instance_id)
        if facts is None or not (facts.is_installed and facts.is_enabled):
            caller = Caller(
                integration.instance_id,
                integration.owner,
                situation=Situation(installed=False, group_prefix=self._prefix),
            )
        else:
            licence = await self._licences.confirmed(facts)
            # What was learnt of the licence is a change like any other.
            facts = await self.facts(integration.instance_id) or facts
            project = ProjectInView(integration.project_id, integration.project_key)
            caller = await self._doors.caller_of(facts, integration.owner, project, licence)
        decision = decide(caller, Action.CHANGE_INTEGRATION, integration)
        if decision.answer is Answer.CANNOT_TELL:
            raise CannotTell(decision.reason_text, retry_after=_TRY_AGAIN_S)
        if not decision or facts is None:
            raise MayNotRun(_in_words(decision))
        listed = projects_listed_for(facts, caller, integration.workspace_id)
        if listed is not None and integration.project_id not in listed:
            raise MayNotRun(_NOT_LISTED)
        return facts

    def still_stands(self, facts: InstanceFacts) -> bool:
        """Whether nothing changed since the facts were learnt that could have taken it away."""
        return self._directory.is_current(facts)

    async def facts(self, instance_id: UUID) -> InstanceFacts | None:
        """What is known of the instance; None where there is none (any more)."""
        return await self._directory.of_instance(instance_id)


def _in_words(decision: Decision) -> str:
    """The core speaks to the person who asks; a run's page is read by others."""
    if decision.reason in {Reason.OWNER_LOST_WORKSPACE, Reason.NO_WORKSPACE}:
        return _OF_AN_ACCOUNT
    group = f"{decision.group_prefix}-jira-{decision.tool}"
    if (why := _OF_THE_OWNER.get(decision.reason)) is not None:
        needed = (
            f"membership of {group} for the owner, or a new owner: "
            "they or a Jira administrator can hand the integration over."
        )
        return f"{why.format(group=group)} Needed: {needed}"
    return f"{decision.reason_text} Needed: {decision.needed}"
