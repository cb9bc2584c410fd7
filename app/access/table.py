"""The permission table: the product, as data.

Route guards, list filters, buttons, the help page and the golden file of the tests are all
derived from ``ROLES`` and ``TABLE``. What is not granted here is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.access.conditions import AllOf, Always, Among, AnyOf, CallerIs, Condition
from app.access.reasons import Reason
from app.access.words import Action, Effect, OthersMay, Role

ANY = Always()
OF_THEIR_TOOL = Among("tool", lambda caller: caller.tools)
IN_THEIR_PROJECT = Among("project_id", lambda caller: caller.projects)
IN_THEIR_WORKSPACE = Among("workspace_id", lambda caller: caller.workspaces)
IN_A_WORKSPACE_OF_THEIRS = Among("workspace_id", lambda caller: caller.administered)
SHARED_WITH_SUPPORT = Among("shared_with_support", lambda _: frozenset({True}))
OPEN_TO_USE = Among("others_may", lambda _: frozenset({OthersMay.USE, OthersMay.EDIT}))
OPEN_TO_EDIT = Among("others_may", lambda _: frozenset({OthersMay.EDIT}))

ROLES: Mapping[Role, Condition] = {
    Role.ADMIN: CallerIs(lambda caller: caller.is_admin),
    Role.TOOL_MEMBER: CallerIs(lambda caller: caller.tools),
    Role.PROJECT_ADMIN: CallerIs(lambda caller: caller.projects),
    Role.OWNER: AllOf(
        (
            Among("owner", lambda caller: frozenset({caller.account})),
            AnyOf(
                (
                    OF_THEIR_TOOL,
                    IN_THEIR_PROJECT,
                    AllOf((CallerIs(lambda caller: caller.is_workspace_user), IN_THEIR_WORKSPACE)),
                )
            ),
        )
    ),
    Role.WORKSPACE_USER: CallerIs(lambda caller: caller.is_workspace_user),
    Role.WORKSPACE_ADMIN: CallerIs(lambda caller: caller.administered),
    Role.SUPPORT: CallerIs(lambda caller: caller.is_support and caller.situation.support_approved),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: to whom an action is granted, on which things, and the usual no."""

    effect: Effect
    grants: Mapping[Role, Condition]
    refusal: Reason

    @property
    def needs_a_thing(self) -> bool:
        """Whether the answer depends on the thing, not on the caller alone."""
        return any(
            role is Role.OWNER or condition is not ANY for role, condition in self.grants.items()
        )


_SEE: Mapping[Role, Condition] = {
    Role.ADMIN: ANY,
    Role.TOOL_MEMBER: IN_THEIR_WORKSPACE,
    Role.PROJECT_ADMIN: IN_THEIR_PROJECT,
    Role.OWNER: ANY,
    Role.WORKSPACE_USER: IN_THEIR_WORKSPACE,
    Role.WORKSPACE_ADMIN: IN_A_WORKSPACE_OF_THEIRS,
    Role.SUPPORT: ANY,
}
_CREATE: Mapping[Role, Condition] = {
    Role.ADMIN: ANY,
    Role.TOOL_MEMBER: AllOf((OF_THEIR_TOOL, IN_THEIR_WORKSPACE)),
    Role.PROJECT_ADMIN: AllOf((IN_THEIR_PROJECT, IN_THEIR_WORKSPACE)),
    Role.WORKSPACE_USER: IN_THEIR_WORKSPACE,
    Role.WORKSPACE_ADMIN: IN_A_WORKSPACE_OF_THEIRS,
}
_OWN: Mapping[Role, Condition] = {
    Role.ADMIN: ANY,
    Role.OWNER: ANY,
    Role.WORKSPACE_ADMIN: IN_A_WORKSPACE_OF_THEIRS,
}
_ADMINS: Mapping[Role, Condition] = {Role.ADMIN: ANY}
_EVERYBODY_OF_THE_CUSTOMER: Mapping[Role, Condition] = {
    role: ANY for role in Role if role not in {Role.OWNER, Role.SUPPORT}
}


def _as_the_owner_allows(level: Condition) -> Mapping[Role, Condition]:
    for_others = AllOf((IN_THEIR_WORKSPACE, level))
    return {
        Role.ADMIN: ANY,
        Role.TOOL_MEMBER: for_others,
        Role.PROJECT_ADMIN: for_others,
        Role.OWNER: ANY,
        Role.WORKSPACE_USER: for_others,
        Role.WORKSPACE_ADMIN: IN_A_WORKSPACE_OF_THEIRS,
    }


TABLE: Mapping[Action, Rule] = {
    Action.OPEN_APP: Rule(
        Effect.READ,
        {role: ANY for role in Role if role is not Role.OWNER},
        Reason.NO_ACCESS,
    ),
    Action.SEE_INTEGRATION: Rule(Effect.READ, _SEE, Reason.OUTSIDE_REACH),
    Action.CREATE_INTEGRATION: Rule(Effect.CHANGE, _CREATE, Reason.NOT_THEIR_TOOL),
    Action.CHANGE_INTEGRATION: Rule(Effect.CHANGE, _OWN, Reason.NOT_OWNER),
    Action.HAND_OVER_INTEGRATION: Rule(Effect.CHANGE, _OWN, Reason.NOT_OWNER),
    Action.SEE_CONNECTION: Rule(
        Effect.READ, {**_as_the_owner_allows(ANY), Role.SUPPORT: ANY}, Reason.OUTSIDE_REACH
    ),
    Action.CREATE_CONNECTION: Rule(Effect.CHANGE, _CREATE, Reason.NOT_THEIR_TOOL),
    Action.USE_CONNECTION: Rule(
        Effect.CHANGE, _as_the_owner_allows(OPEN_TO_USE), Reason.CONNECTION_NOT_OPEN_TO_USE
    ),
    Action.CHANGE_CONNECTION: Rule(
        Effect.CHANGE, _as_the_owner_allows(OPEN_TO_EDIT), Reason.CONNECTION_NOT_OPEN_TO_EDIT
    ),
    Action.GOVERN_CONNECTION: Rule(Effect.CHANGE, _OWN, Reason.NOT_OWNER),
    Action.SEE_RUN: Rule(Effect.READ, _SEE, Reason.OUTSIDE_REACH),
    Action.READ_LOG: Rule(
        Effect.READ, {**_OWN, Role.SUPPORT: SHARED_WITH_SUPPORT}, Reason.LOG_IS_THE_OWNERS
    ),
    Action.SHARE_RUN: Rule(Effect.CHANGE, _OWN, Reason.NOT_OWNER),
    # No licence stands in the way of taking something back.
    Action.STOP_SHARING_RUN: Rule(Effect.ADMINISTER, _OWN, Reason.NOT_OWNER),
    Action.SET_UP: Rule(Effect.ADMINISTER, _ADMINS, Reason.ADMINS_ONLY),
    Action.BIND_GROUPS: Rule(Effect.ADMINISTER, _ADMINS, Reason.ADMINS_ONLY),
    Action.EXPLAIN_ACCESS: Rule(Effect.READ, _ADMINS, Reason.ADMINS_ONLY),
    Action.SEE_LICENCE: Rule(Effect.READ, _ADMINS, Reason.ADMINS_ONLY),
    Action.READ_AUDIT: Rule(Effect.READ, _ADMINS, Reason.ADMINS_ONLY),
    Action.GOVERN_SUPPORT_ACCESS: Rule(Effect.ADMINISTER, _ADMINS, Reason.ADMINS_ONLY),
    # What a token may is decided when it is used, so having one is nothing that a licence bars.
    Action.HAVE_TOKENS: Rule(Effect.ADMINISTER, _EVERYBODY_OF_THE_CUSTOMER, Reason.NO_ACCESS),
    Action.MANAGE_WORKSPACES: Rule(Effect.ADMINISTER, _ADMINS, Reason.ADMINS_ONLY),
    Action.MANAGE_USERS: Rule(Effect.ADMINISTER, _ADMINS, Reason.ADMINS_ONLY),
}
