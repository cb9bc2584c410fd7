"""Everybody and everything that the rules can tell apart: all combinations, none left out."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from uuid import UUID

from app.access import Caller, LicenceStanding, OthersMay, Place, Situation

OURS, THEIRS = UUID(int=1), UUID(int=2)
HERE, ELSEWHERE = UUID(int=11), UUID(int=12)
ME, SOMEBODY = "jira:me", "jira:somebody"
BOTH = (False, True)


def situations() -> Iterator[Situation]:
    for installed, configured, licence, approved, current in product(
        BOTH, BOTH, LicenceStanding, BOTH, BOTH
    ):
        yield Situation(
            installed=installed,
            configured=configured,
            licence=licence,
            support_approved=approved,
            standing_is_current=current,
        )


def standings() -> Iterator[Caller]:
    for admin, tools, projects, workspaces, administered, user, support in product(
        BOTH,
        (frozenset[str](), frozenset({"gitlab"})),
        (frozenset[str](), frozenset({"P"})),
        (frozenset[UUID](), frozenset({HERE})),
        (frozenset[UUID](), frozenset({HERE})),
        BOTH,
        BOTH,
    ):
        yield Caller(
            OURS,
            ME,
            is_admin=admin,
            tools=tools,
            projects=projects,
            workspaces=workspaces,
            administered=administered,
            is_workspace_user=user,
            is_support=support,
        )


def callers() -> Iterator[Caller]:
    for caller, situation in product(list(standings()), situations()):
        yield replace(caller, situation=situation)


def places() -> list[Place]:
    return [
        Place(instance, workspace, tool, project, owner, others_may, shared)
        for instance, workspace, tool, project, owner, others_may, shared in product(
            (OURS, THEIRS),
            (HERE, ELSEWHERE),
            ("gitlab", "azure"),
            ("P", "Q", None),
            (ME, SOMEBODY),
            OthersMay,
            BOTH,
        )
    ]
