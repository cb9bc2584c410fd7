"""What must hold of the table whatever its rows say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access import (
    TABLE,
    Action,
    Answer,
    Caller,
    Effect,
    LicenceStanding,
    Place,
    Reason,
    Refused,
    Role,
    Situation,
    Tool,
    decide,
    require,
    roles_of,
    seen_by_the_rules,
)
from tests.access.cast import HERE, ME, OURS, SOMEBODY, callers, places, standings

CALLERS = list(callers())
STANDINGS = list(standings())
THINGS = places()
GRANTS = {
    "admin": {"is_admin": True},
    "member": {"tools": frozenset({"gitlab"})},
    "project admin": {"projects": frozenset({"P"})},
    "workspace": {"workspaces": frozenset({HERE})},
    "workspace user": {"is_workspace_user": True},
    "workspace administrator": {"administered": frozenset({HERE})},
    "support": {"is_support": True},
}
a_caller = st.sampled_from(CALLERS)
an_action = st.sampled_from(list(Action))
a_thing = st.sampled_from(THINGS)


@given(a_caller, an_action, a_thing, st.sampled_from(list(GRANTS.values())))
def test_adding_a_role_never_takes_away(
    caller: Caller, action: Action, thing: Place, more: dict[str, object]
) -> None:
    if decide(caller, action, thing):
        assert decide(replace(caller, **more), action, thing)  # type: ignore[arg-type]


@given(a_caller, an_action, a_thing)
def test_a_bar_never_gives(caller: Caller, action: Action, thing: Place) -> None:
    unbarred = replace(caller, situation=Situation(support_approved=True))
    if decide(caller, action, thing):
        assert decide(unbarred, action, thing)


@given(a_caller, an_action, a_thing)
def test_every_refusal_says_why_what_is_needed_and_who_can_give_it(
    caller: Caller, action: Action, thing: Place
) -> None:
    decision = decide(caller, action, thing)
    if decision:
        assert decision.answer is Answer.YES
        assert decision.reason is Reason.GRANTED
        return
    assert decision.reason is not Reason.GRANTED
    for text in (decision.reason_text, decision.needed, decision.who):
        assert text.strip()
        assert "{" not in text


@given(a_caller, an_action, a_thing)
def test_nothing_of_another_instance_is_ever_granted(
    caller: Caller, action: Action, thing: Place
) -> None:
    if thing.instance_id != caller.instance_id:
        assert not decide(caller, action, thing)


@given(a_caller, an_action, a_thing)
def test_without_an_active_licence_nothing_changes_but_everything_stays_readable(
    caller: Caller, action: Action, thing: Place
) -> None:
    licensed = replace(caller, situation=replace(caller.situation, licence=LicenceStanding.ACTIVE))
    for licence in (LicenceStanding.NOT_ACTIVE, LicenceStanding.UNKNOWN):
        lapsed = replace(caller, situation=replace(caller.situation, licence=licence))
        if TABLE[action].effect is Effect.CHANGE:
            assert not decide(lapsed, action, thing)
        else:
            assert decide(lapsed, action, thing) == decide(licensed, action, thing)


@given(a_caller, an_action, a_thing, st.sets(st.sampled_from(list(Effect))))
def test_a_token_gives_nothing_beyond_its_scope_nor_beyond_its_owner(
    caller: Caller, action: Action, thing: Place, scope: set[Effect]
) -> None:
    with_token = replace(caller, scope=frozenset(scope))
    decision = decide(with_token, action, thing)
    if decision:
        assert TABLE[action].effect in scope
    if TABLE[action].effect in scope:
        assert decision == decide(caller, action, thing)


@given(a_caller, an_action, a_thing)
def test_with_an_old_standing_only_reading_goes_on(
    caller: Caller, action: Action, thing: Place
) -> None:
    old = replace(caller, situation=replace(caller.situation, standing_is_current=False))
    if TABLE[action].effect is not Effect.READ:
        assert decide(old, action, thing).answer is not Answer.YES


@pytest.mark.parametrize("action", Action)
def test_everybody_is_refused_everything_until_set_up_but_admins(action: Action) -> None:
    for standing in STANDINGS:
        caller = replace(standing, situation=Situation(configured=False, support_approved=True))
        if not caller.is_admin:
            assert not any(decide(caller, action, thing) for thing in THINGS)


@pytest.mark.parametrize("action", Action)
def test_support_sees_nothing_once_its_access_ended(action: Action) -> None:
    agent = Caller(OURS, "agent:1", is_support=True)
    assert not any(decide(agent, action, thing) for thing in THINGS)


@pytest.mark.parametrize("action", Action)
def test_nothing_is_granted_while_uninstalled(action: Action) -> None:
    for standing in STANDINGS:
        caller = replace(standing, situation=Situation(installed=False, support_approved=True))
        assert not any(decide(caller, action, thing) for thing in THINGS)


@given(an_action, st.sampled_from(list(Tool)), st.sampled_from(list(Tool)))
def test_an_owner_who_left_the_group_of_the_tool_is_no_owner(
    action: Action, theirs: Tool, its: Tool
) -> None:
    caller = Caller(OURS, ME, tools=frozenset({theirs}), workspaces=frozenset({HERE}))
    thing = Place(OURS, HERE, its, "P", ME)
    assert (Role.OWNER in roles_of(caller, thing)) == (theirs == its)
    owns_only = Role.OWNER in TABLE[action].grants and Role.TOOL_MEMBER not in TABLE[action].grants
    if owns_only and theirs != its:
        assert decide(caller, action, thing).reason is Reason.OWNER_LOST_STANDING


def test_a_removed_owner_is_told_which_group_is_missing() -> None:
    left = Caller(OURS, ME, workspaces=frozenset({HERE}), situation=Situation(group_prefix="acme"))
    decision = decide(left, Action.CHANGE_INTEGRATION, Place(OURS, HERE, "gitlab", "P", ME))
    assert "GitLab" in decision.reason_text
    assert "acme-jira-gitlab" in decision.needed


class Watched:
    """A thing that notes what is looked at."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.looked_at: set[str] = set()

    def __getattr__(self, name: str) -> object:
        self.looked_at.add(name)
        return getattr(self.place, name)


@given(a_caller, an_action, a_thing)
def test_the_rules_look_at_nothing_that_is_not_seen_by_them(
    caller: Caller, action: Action, thing: Place
) -> None:
    watched = Watched(thing)
    decide(caller, action, watched)  # type: ignore[arg-type]
    for name in watched.looked_at:
        changed = replace(thing, **{name: object()})  # type: ignore[arg-type]
        assert seen_by_the_rules(changed) != seen_by_the_rules(thing), name


def test_require_raises_the_decision() -> None:
    nobody = Caller(OURS, SOMEBODY)
    with pytest.raises(Refused) as refused:
        require(nobody, Action.OPEN_APP)
    assert refused.value.decision.reason is Reason.NO_ACCESS


def test_every_action_has_a_row_that_admins_are_granted() -> None:
    assert set(TABLE) == set(Action)
    for rule in TABLE.values():
        assert Role.ADMIN in rule.grants
