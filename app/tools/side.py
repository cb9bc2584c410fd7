"""One end of an integration, the only thing that the engine knows of a tool.

Adding a tool means writing one class with these methods. A side keeps no state of its own between
calls but its client and what seldom changes (`Knowledge`), speaks the tool's words to the tool and
the middle's words to us.
"""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.tools.items import Attachment, Comment, Draft, Item, Person, Schema, Values

MOST_LOOKED_FOR = 100
NO_PARENT = ""


class SideError(Exception):
    """Something at the tool; ``str()`` is a sentence for people and holds no content or secret."""


class ItemRejected(SideError):  # noqa: N818 - says what happened
    """The tool will not take this as it is; asking again the same way is of no use."""


class ItemGone(SideError):  # noqa: N818 - says what happened
    """The item, comment or file is not there (any more)."""


class ItemElsewhere(SideError):  # noqa: N818 - says what happened
    """The item is there, and in another place: it was moved, not deleted."""


class AccessLost(SideError):  # noqa: N818 - says what happened
    """The credentials or their rights do not (any longer) suffice: nothing of the run can work."""


class SideBusy(SideError):  # noqa: N818 - says what happened
    """Asked to wait, or not answering; whatever was asked did not happen."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unsure(SideError):  # noqa: N818 - says what happened
    """A write was sent and no answer came: it may have happened. Look before asking again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Items that changed, oldest change first. ``position`` is where to go on, to be given back."""

    items: Sequence[Item]
    position: str
    is_last: bool


class Side(Protocol):
    """A Jira project or a place in a tool. Every method raises the kinds of ``SideError``."""

    async def schema(self) -> Schema:
        """Types, fields, statuses and people as they are now."""

    async def people(self) -> Sequence[Person]:
        """Those whom items may name; may be some minutes old."""

    async def changes(self, position: str | None, query: str) -> Changes:
        """The next page of items that ``query`` (the tool's own) finds and that changed.

        From the beginning where ``position`` is None. Items may come twice (clocks of tools are
        coarse and their searches lag), but none that changed is left out for good.
        """

    async def count(self, query: str) -> int:
        """How many items ``query`` finds; an estimate will do."""

    async def read(self, item_id: str) -> Item | None:
        """The item as it is now; None when it is gone. Raises ItemElsewhere when it was moved."""

    async def missing(self, item_ids: Sequence[str]) -> Set[str]:
        """Those of at most ``MOST_LOOKED_FOR`` items that are not found; not certain to be gone.

        What was moved to another place is found.
        """

    async def find_marked(self, mark: UUID, since: datetime) -> Item | None:
        """The item that carries ``mark``, made at ``since`` or later by the tool's own clock."""

    async def create(self, draft: Draft) -> Item:
        """Make an item; it carries the mark from its first moment, if the tool can do that."""

    async def update(self, item_id: str, values: Values, parent: str | None = None) -> Item:
        """Set these fields and nothing else; answers the result.

        The parent too, where given; ``NO_PARENT`` takes it away.
        """

    async def move(self, item_id: str, status: str, values: Values) -> Item:
        """Bring it into ``status`` by the ways its workflow has; ``values`` for what they ask."""

    async def delete(self, item_id: str) -> None:
        """Take it away as the tool does (bin or for good); no error when it is gone already."""

    async def comments(self, item_id: str) -> Sequence[Comment]:
        """All comments of people (not the tool's own notes), oldest first."""

    async def add_comment(self, item_id: str, body: str, mark: UUID) -> Comment:
        """Add one; ``body`` is canonical HTML and names whose words it is."""

    async def edit_comment(self, item_id: str, comment_id: str, body: str, mark: UUID) -> Comment:
        """Replace its text; the mark stays."""

    async def delete_comment(self, item_id: str, comment_id: str) -> None:
        """Take it away; no error when it is gone already."""

    def open_attachment(self, item_id: str, attachment: Attachment) -> AsyncIterator[bytes]:
        """Its bytes in pieces."""

    async def attach(
        self, item_id: str, name: str, media_type: str, size: int, content: AsyncIterator[bytes]
    ) -> Attachment:
        """Add a file of ``size`` bytes, streamed."""
