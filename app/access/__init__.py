"""The permissions core: one table, decided per thing and as SQL. Pure: no I/O, no clock."""

from app.access.decision import (
    Answer,
    Decision,
    Refused,
    decide,
    require,
    roles_of,
    visible,
)
from app.access.reasons import Reason
from app.access.table import ROLES, TABLE
from app.access.words import (
    EVERY_EFFECT,
    Action,
    Caller,
    Door,
    Effect,
    LicenceStanding,
    OthersMay,
    Place,
    Role,
    Situation,
    Thing,
    Tool,
    seen_by_the_rules,
)

__all__ = [
    "EVERY_EFFECT",
    "ROLES",
    "TABLE",
    "Action",
    "Answer",
    "Caller",
    "Decision",
    "Door",
    "Effect",
    "LicenceStanding",
    "OthersMay",
    "Place",
    "Reason",
    "Refused",
    "Role",
    "Situation",
    "Thing",
    "Tool",
    "decide",
    "require",
    "roles_of",
    "seen_by_the_rules",
    "visible",
]
