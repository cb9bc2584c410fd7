"""Which modules Jira shows to whom."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.conditions import Situation, all_hold
from sandbox.permissions import Holder
from sandbox.seed import ALICE, GIA, NORA, PIA
from sandbox.site import Addon, Licence, SiteState
from tests.sandbox.stub_app import descriptor

ADMIN = {"condition": "user_is_admin"}
PROJECT_ADMIN = {"condition": "user_is_project_admin"}
LICENSED = {"condition": "addon_is_licensed"}
LOGGED_IN = {"condition": "user_is_logged_in"}


def global_permission(key: str) -> dict[str, Any]:
    return {"condition": "has_global_permission", "params": {"permission": key}}


def project_permission(key: str) -> dict[str, Any]:
    return {"condition": "has_project_permission", "params": {"permission": key}}


@pytest.fixture(scope="module")
def site(a_site: dict[str, Any]) -> SiteState:
    return SiteState.from_json(a_site)


def situation(
    site: SiteState, who: str | None, project: str | None = None, licence: Licence = Licence.PAID
) -> Situation:
    addon = Addon(descriptor(), "", "secret", licence)
    return Situation(
        Holder(site, person=site.find_person(who)),
        addon,
        site.project(project) if project else None,
    )


@pytest.mark.parametrize(
    ("conditions", "who", "project", "shown"),
    [
        ([], None, None, True),
        ([ADMIN], ALICE, None, True),
        ([ADMIN], GIA, None, False),
        ([ADMIN], None, None, False),
        ([{"condition": "user_is_sysadmin"}], ALICE, None, True),
        ([{**ADMIN, "invert": True}], GIA, None, True),
        ([{**ADMIN, "invert": True}], ALICE, None, False),
        ([LOGGED_IN], NORA, None, True),
        ([LOGGED_IN], None, None, False),
        ([PROJECT_ADMIN], PIA, "PAY", True),
        ([PROJECT_ADMIN], PIA, "OPS", False),
        ([PROJECT_ADMIN], PIA, None, False),
        ([PROJECT_ADMIN], ALICE, "OPS", True),
        ([LOGGED_IN, ADMIN], GIA, None, False),
        ([{"or": [ADMIN, LOGGED_IN]}], GIA, None, True),
        ([{"and": [ADMIN, LOGGED_IN]}], GIA, None, False),
        ([{"type": "OR", "conditions": [ADMIN, LOGGED_IN]}], GIA, None, True),
        ([{"type": "AND", "conditions": [ADMIN, LOGGED_IN]}], GIA, None, False),
        ([{"or": [ADMIN, {"and": [PROJECT_ADMIN, LOGGED_IN]}]}], PIA, "PAY", True),
        ([global_permission("ADMINISTER")], ALICE, None, True),
        ([global_permission("ADMINISTER")], PIA, "PAY", False),
        ([project_permission("ADMINISTER_PROJECTS")], PIA, "PAY", True),
        ([project_permission("BROWSE_PROJECTS")], NORA, "PAY", True),
        (
            [{"condition": "project_type", "params": {"projectTypeKey": "software"}}],
            NORA,
            "PAY",
            True,
        ),
        ([{"condition": "user_is_in_group"}], ALICE, None, False),
        ([{"condition": "user_is_in_group", "invert": True}], ALICE, None, False),
    ],
)
def test_a_module_is_shown_when_all_its_conditions_hold(
    site: SiteState, conditions: list[Any], who: str | None, project: str | None, shown: bool
) -> None:
    assert all_hold(conditions, situation(site, who, project)) is shown


@pytest.mark.parametrize(
    ("licence", "shown"), [("none", False), ("trial", True), ("paid", True), ("lapsed", False)]
)
def test_addon_is_licensed_follows_the_switch(site: SiteState, licence: str, shown: bool) -> None:
    assert all_hold([LICENSED], situation(site, GIA, licence=Licence(licence))) is shown


LEAVES = st.sampled_from([ADMIN, PROJECT_ADMIN, LICENSED, LOGGED_IN])


@given(leaves=st.lists(LEAVES, min_size=1, max_size=5), who=st.sampled_from([ALICE, PIA, NORA]))
def test_or_is_any_and_is_all_and_invert_is_not(
    site: SiteState, leaves: list[dict[str, Any]], who: str
) -> None:
    here = situation(site, who, "PAY")
    truths = [all_hold([leaf], here) for leaf in leaves]
    assert all_hold([{"or": leaves}], here) is any(truths)
    assert all_hold([{"and": leaves}], here) is all(truths)
    inverted = [all_hold([{**leaf, "invert": True}], here) for leaf in leaves]
    assert inverted == [not truth for truth in truths]
