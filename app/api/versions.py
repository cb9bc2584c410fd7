"""Headers: ETag and If-Match, by which nobody overwrites what they have not seen, and notices."""

from typing import Annotated

from fastapi import Header, Response

from app.api.problems import Stale, VersionNeeded
from app.errors import Conflict
from app.house import House
from app.identity.visit import Visit
from app.integrations.changing import require_version
from app.integrations.models import Connection, Integration

NOTICE = "Getint-Notice"
"""What people have to do in the tool, where something can not be done for them."""
IfMatch = Annotated[
    str,
    Header(description="The `ETag` of what you looked at, or `*` for whatever it is now."),
]


def tag_of(version: object) -> str:
    """A version as HTTP writes it."""
    return f'"{version}"'


def tag(response: Response, version: object) -> None:
    """Say which version is answered with."""
    response.headers["ETag"] = tag_of(version)


def notice(response: Response, left: str) -> None:
    """Say what is left to do by hand, if anything is."""
    if left:
        response.headers[NOTICE] = left.encode("ascii", "replace").decode()


def matches(if_match: str, version: object) -> bool:
    """Whether what was looked at is ``version``. Raises ``VersionNeeded`` for nothing."""
    named = [each.strip() for each in if_match.split(",")]
    if not any(named):
        raise VersionNeeded(
            "Whoever changes something says what they looked at.",
            mend="Send `If-Match` with the `ETag` of your last answer, or `*`.",
        )
    return named == ["*"] or tag_of(version) in named


async def require_match(
    house: House, visit: Visit, thing: Integration | Connection, if_match: str
) -> None:
    """Raise ``Stale`` with who changed what, unless ``thing`` is what was looked at."""
    if matches(if_match, thing.version):
        return
    looked_at = next(iter(_versions(if_match)), 0)
    try:
        await require_version(house, visit, thing, looked_at)
    except Conflict as conflict:
        raise Stale(conflict.detail, mend="Get it again, then make your change.") from None


def _versions(if_match: str) -> list[int]:
    named = (each.strip().strip('"') for each in if_match.split(","))
    return [int(each) for each in named if each.isascii() and each.isdigit() and len(each) < 10]
