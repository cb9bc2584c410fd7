"""The whole policy as a person reads it. Changing the policy changes matrix.md in the diff.

UPDATE_MATRIX=1 writes the file anew.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.access import (
    Action,
    Answer,
    Caller,
    Decision,
    Effect,
    LicenceStanding,
    OthersMay,
    Place,
    Situation,
    decide,
)
from tests.access.cast import ELSEWHERE, HERE, ME, OURS, SOMEBODY

MATRIX = Path(__file__).with_name("matrix.md")
NOBODY = Caller(OURS, ME, workspaces=frozenset({HERE}))
GITLAB, AZURE = frozenset({"gitlab"}), frozenset({"azure"})
P, Q = frozenset({"P"}), frozenset({"Q"})
AGENT = replace(NOBODY, is_support=True, workspaces=frozenset())

PEOPLE: Mapping[str, tuple[Caller, str]] = {
    "admin": (replace(NOBODY, is_admin=True), SOMEBODY),
    "member of its tool": (replace(NOBODY, tools=GITLAB), SOMEBODY),
    "member of another tool": (replace(NOBODY, tools=AZURE), SOMEBODY),
    "admin of its project": (replace(NOBODY, projects=P), SOMEBODY),
    "admin of another project": (replace(NOBODY, projects=Q), SOMEBODY),
    "owner, member of its tool": (replace(NOBODY, tools=GITLAB), ME),
    "owner, admin of its project": (replace(NOBODY, projects=P), ME),
    "owner, user of its workspace": (replace(NOBODY, is_workspace_user=True), ME),
    "owner who lost all that": (NOBODY, ME),
    "owner, now in another tool": (replace(NOBODY, tools=AZURE), ME),
    "workspace user": (replace(NOBODY, is_workspace_user=True), SOMEBODY),
    "user of another workspace": (
        replace(NOBODY, is_workspace_user=True, workspaces=frozenset()),
        SOMEBODY,
    ),
    "administrator of its workspace": (
        replace(NOBODY, is_workspace_user=True, administered=frozenset({HERE})),
        SOMEBODY,
    ),
    "administrator of another workspace": (
        replace(
            NOBODY,
            is_workspace_user=True,
            workspaces=frozenset({HERE, ELSEWHERE}),
            administered=frozenset({ELSEWHERE}),
        ),
        SOMEBODY,
    ),
    "admin with a token to read": (
        replace(NOBODY, is_admin=True, scope=frozenset({Effect.READ})),
        SOMEBODY,
    ),
    "support": (AGENT, SOMEBODY),
    "nobody": (NOBODY, SOMEBODY),
}
SITUATIONS: Mapping[str, Situation] = {
    "Licensed and set up, support approved": Situation(support_approved=True),
    "Support not approved, or ended": Situation(),
    "Not set up yet": Situation(configured=False, support_approved=True),
    "No active licence": Situation(licence=LicenceStanding.NOT_ACTIVE, support_approved=True),
    "Licence unknown for a day": Situation(licence=LicenceStanding.UNKNOWN, support_approved=True),
    "Jira unreachable, old standing": Situation(standing_is_current=False, support_approved=True),
    "Uninstalled": Situation(installed=False, support_approved=True),
}
LEVELS = {
    Action.USE_CONNECTION: OthersMay,
    Action.CHANGE_CONNECTION: OthersMay,
}


def test_the_matrix_is_what_was_agreed() -> None:
    drawn = draw_matrix()
    if os.environ.get("UPDATE_MATRIX"):
        MATRIX.write_text(drawn)
    assert drawn == MATRIX.read_text(), "the policy changed: UPDATE_MATRIX=1 and read the diff"


def draw_matrix() -> str:
    parts = [
        "# Who may do what\n\nDrawn from the permission table by test_matrix.py. The thing is an"
        " integration or connection with GitLab, of project P, in this workspace; the owner is"
        " somebody else unless the line says so. `cannot tell` is answered with 503, `no` with 403."
    ]
    for title, situation in SITUATIONS.items():
        parts.append(f"## {title}")
        for name, (caller, owner) in PEOPLE.items():
            lines = _answers(replace(caller, situation=situation), owner)
            parts.append(f"**{name}**\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _answers(caller: Caller, owner: str) -> list[str]:
    by_answer: dict[str, list[str]] = {}
    for label, decision in _decisions(caller, owner):
        by_answer.setdefault(_short(decision), []).append(label)
    return [f"- {answer}: {'; '.join(labels)}" for answer, labels in sorted(by_answer.items())]


def _decisions(caller: Caller, owner: str) -> list[tuple[str, Decision]]:
    found = []
    for action in Action:
        for level in LEVELS.get(action, (OthersMay.VIEW,)):
            place = Place(OURS, HERE, "gitlab", "P", owner, level)
            suffix = f" ({level})" if action in LEVELS else ""
            found.append((f"{action}{suffix}", decide(caller, action, place)))
        if action is Action.READ_LOG:
            shared = Place(OURS, HERE, "gitlab", "P", owner, shared_with_support=True)
            found.append((f"{action} (shared with support)", decide(caller, action, shared)))
    return found


def _short(decision: Decision) -> str:
    if decision.answer is Answer.YES:
        return "yes"
    return f"{decision.answer}, {decision.reason.name.replace('_', ' ').lower()}"
