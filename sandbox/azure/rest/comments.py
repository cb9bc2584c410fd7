"""Comments of a work item (7.1-preview.4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict

from sandbox.azure import work
from sandbox.azure.relations import item_url
from sandbox.azure.rest import beans
from sandbox.azure.rest.caller import Anywhere, Expand, Place, Preview, TheItem, listed
from sandbox.azure.rest.errors import AzureError, bad_request
from sandbox.azure.state import Comment

router = APIRouter(prefix="/wit/workitems/{item_id}/comments", dependencies=[Preview])
MOST = 200
RENDERED = ("renderedtext", "renderedtextonly", "all")


class Text(BaseModel):
    model_config = ConfigDict(extra="ignore")
    text: str


def _comment_of(
    item: TheItem,
    comment_id: Annotated[int, Path()],
    deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
) -> Comment:
    comment = item.comments.get(comment_id)
    if comment is None or (comment.deleted and not deleted):
        raise AzureError(
            404,
            "WorkItemCommentNotFoundException",
            f"VS403436: Comment with ID {comment_id} does not exist on work item {item.id}.",
        )
    return comment


TheComment = Annotated[Comment, Depends(_comment_of)]
Markup = Annotated[str, Query(alias="format", pattern="^(html|markdown|0|1)$")]


def _markup(given: str) -> str:
    return {"0": "markdown", "1": "html"}.get(given, given)


def _require_own(place: Place, comment: Comment) -> None:
    if comment.created_by != place.me.unique_name:
        raise AzureError(
            403,
            "WorkItemCommentUnauthorizedException",
            "VS403437: You do not have permission to change comments of others.",
        )


@router.get("")
async def list_comments(
    *,
    place: Anywhere,
    item: TheItem,
    ids: str | None = None,
    top: Annotated[int, Query(alias="$top", ge=1)] = MOST,
    token: Annotated[str | None, Query(alias="continuationToken")] = None,
    deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
    expand: Expand = "none",
    order: str = "desc",
) -> dict[str, Any]:
    """The newest first, unless `order` is asc; the token says after which comment to go on."""
    state = place.azure.state
    known = [each for each in item.comments.values() if deleted or not each.deleted]
    if ids is not None:
        wanted = set(listed(ids, int))
        known = [each for each in known if each.id in wanted]
    descending = order.lower() != "asc"
    found = sorted(known, key=lambda each: (each.created, each.id), reverse=descending)
    if token is not None:
        found = found[_position(found, token) :]
    shown = found[: min(top, MOST)]
    rendered = expand.lower() in RENDERED
    answer: dict[str, Any] = {
        "totalCount": len(known),
        "count": len(shown),
        "comments": [beans.comment(state, item, each, rendered=rendered) for each in shown],
        "url": f"{item_url(state, item)}/comments",
    }
    if len(found) > len(shown):
        following = str(shown[-1].id)
        answer["continuationToken"] = following
        answer["nextPage"] = (
            f"{item_url(state, item)}/comments?$top={top}&continuationToken={following}"
            f"&order={order}&api-version=7.1-preview.4"
        )
    return answer


def _position(found: list[Comment], token: str) -> int:
    for position, comment in enumerate(found, 1):
        if str(comment.id) == token:
            return position
    raise bad_request("The continuation token is not valid.")


@router.post("")
async def add_comment(
    place: Anywhere, item: TheItem, body: Text, markup: Markup = "html"
) -> dict[str, Any]:
    comment = work.add_comment(place.azure, item, place.me, body.text, markup=_markup(markup))
    return beans.comment(place.azure.state, item, comment, rendered=True)


@router.get("/{comment_id}")
async def get_comment(
    place: Anywhere, item: TheItem, comment: TheComment, expand: Expand = "none"
) -> dict[str, Any]:
    rendered = expand.lower() in RENDERED
    return beans.comment(place.azure.state, item, comment, rendered=rendered)


@router.patch("/{comment_id}")
async def edit_comment(
    place: Anywhere, item: TheItem, comment: TheComment, body: Text, markup: Markup = "html"
) -> dict[str, Any]:
    _require_own(place, comment)
    work.edit_comment(place.azure, item, comment, place.me, body.text, markup=_markup(markup))
    return beans.comment(place.azure.state, item, comment, rendered=True)


@router.delete("/{comment_id}", status_code=204)
async def delete_comment(place: Anywhere, item: TheItem, comment: TheComment) -> None:
    _require_own(place, comment)
    work.delete_comment(place.azure, item, comment, place.me)
