"""Queries in WIQL; the answer names work items by id alone."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from sandbox.azure.process import FIELDS
from sandbox.azure.relations import item_url
from sandbox.azure.rest.beans import moment
from sandbox.azure.rest.caller import Anywhere, Place
from sandbox.azure.rest.errors import AzureError
from sandbox.azure.rules import moment_of
from sandbox.azure.state import WorkItem, stamp
from sandbox.azure.wiql import Asked, read_query

router = APIRouter()
MOST_ITEMS = 20_000
CHANGED, CREATED = "System.ChangedDate", "System.CreatedDate"


class Wiql(BaseModel):
    model_config = ConfigDict(extra="ignore")
    query: str


def _value(item: WorkItem, name: str) -> Any:
    derived = {
        "System.Id": item.id,
        "System.Rev": item.rev,
        "System.CommentCount": item.comment_count,
    }
    if name == "System.Parent":
        return item.parent
    return derived.get(name, item.fields.get(name))


def _asked(place: Place, precise: bool) -> Asked:
    now = place.azure.clock.now()

    def read_moment(text: str) -> str | None:
        return f"{now:%Y-%m-%d}T00:00:00.000Z" if text == "today" else moment_of(text)

    return Asked(
        project=place.project.name if place.project else None,
        me=place.me.unique_name,
        read=_value,
        moment=read_moment,
        precise=precise,
    )


@router.post("/wit/wiql")
async def query_by_wiql(
    place: Anywhere,
    body: Wiql,
    precise: Annotated[bool, Query(alias="timePrecision")] = False,
    top: Annotated[int | None, Query(alias="$top", ge=1)] = None,
) -> dict[str, Any]:
    state, now = place.azure.state, place.azure.clock.now()
    query = read_query(body.query, _asked(place, precise))
    known = _known_until(now, place.azure.lag, query.fields)
    found = [
        item
        for item in state.items.values()
        if not item.deleted_at and known(item) and query.test(item)
    ]
    for name, descending in reversed(query.orders or [("System.Id", False)]):
        found.sort(key=lambda item, n=name: _sortable(_value(item, n)), reverse=descending)  # type: ignore[misc]
    if top is None and len(found) > MOST_ITEMS:
        raise AzureError(
            400,
            "WorkItemTrackingQueryResultSizeLimitExceededException",
            "VS402337: The number of work items returned exceeds the size limit of "
            f"{MOST_ITEMS}. Change the query to return fewer items.",
        )
    return {
        "queryType": "flat",
        "queryResultType": "workItem",
        "asOf": moment(stamp(now)),
        "columns": [_reference(place, name) for name in query.columns],
        "sortColumns": [
            {"field": _reference(place, name), "descending": descending}
            for name, descending in query.orders
        ],
        "workItems": [
            {"id": item.id, "url": item_url(state, item)} for item in found[: top or MOST_ITEMS]
        ],
    }


def _known_until(now: datetime, lag: timedelta, fields: set[str]) -> Any:
    """While `lag` lasts, queries do not know of a change."""
    if not lag:
        return lambda _: True
    until, name = stamp(now - lag), CHANGED if CHANGED in fields else CREATED
    return lambda item: item.fields[name] <= until


def _sortable(value: Any) -> tuple[bool, Any]:
    return (
        value is not None,
        value if isinstance(value, int | float) else str(value or "").lower(),
    )


def _reference(place: Place, name: str) -> dict[str, str]:
    url = f"{place.azure.state.url}/_apis/wit/fields/{name}"
    return {"referenceName": name, "name": FIELDS[name].name, "url": url}
