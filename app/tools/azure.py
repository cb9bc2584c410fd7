"""A project in Azure DevOps as a `Side`."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence, Set
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from app.sync.richtext import to_html
from app.tools import azure_fields
from app.tools.answers import Rejected
from app.tools.azure_fields import ID, AzureField, Notes, moment, operations
from app.tools.azure_http import COMMENTS_VERSION, AzureHttp
from app.tools.azure_items import (
    FILE,
    PARENT_LINK,
    attachments_in,
    comment_of,
    item_of,
    mark_in,
    mark_relation,
    relations_in,
    with_mark,
)
from app.tools.azure_query import MOST_FOUND, PAGE, beyond, made_by_us, newest_of, page_of
from app.tools.azure_refusals import is_conflict, worded
from app.tools.azure_schema import all_fields, people_in, people_of, schema_of
from app.tools.http import ToolHttp
from app.tools.items import Attachment, Comment, Draft, Item, Person, Schema, Values
from app.tools.knowledge import Knowledge
from app.tools.rounds import Round
from app.tools.side import (
    NO_PARENT,
    AccessLost,
    Changes,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    Unsure,
)

ITEM = "wit/workitems/{}"
COMMENTS = "wit/workItems/{}/comments"
COMMENT = "wit/workItems/{}/comments/{}"
_TRIES = 3
_MOST_WINDOWS = 25
_WITH_RELATIONS = {"$expand": "relations"}
_OF_COMMENTS = {"api-version": COMMENTS_VERSION}
P = ParamSpec("P")
T = TypeVar("T")
_Method = Callable[Concatenate["AzureSide", P], Coroutine[Any, Any, T]]


def _in_words(method: _Method[P, T]) -> _Method[P, T]:
    """Refusals leave as sentences that name the fields and quote nothing."""

    @wraps(method)
    async def said(self: "AzureSide", /, *args: P.args, **named: P.kwargs) -> T:
        try:
            return await method(self, *args, **named)
        except Rejected as refused:
            raise worded(refused, await self.labels()) from refused

    return said


class AzureSide:
    """A `Side`. Changes come in the order of the ids; ``project`` is the project's name."""

    def __init__(self, http: ToolHttp, project: str, knowledge: Knowledge | None = None) -> None:
        self._http = AzureHttp(http, project)
        self._knowledge = knowledge or Knowledge()

    async def labels(self) -> Mapping[str, str]:
        """The fields' names by the tool's own."""
        return {field.reference: field.label for field in (await self._fields()).values()}

    @_in_words
    async def schema(self) -> Schema:
        return await schema_of(self._http, await self._fields(), await self._named())

    @_in_words
    async def people(self) -> Sequence[Person]:
        return await self._knowledge.of("people", self._named)

    @_in_words
    async def changes(self, position: str | None, query: str) -> Changes:
        here = Round.of(position, query)
        try:
            ids, asked_at = await self._ids(page_of(self._http.project, query, here))
        except Rejected as refused:
            raise _bad_filter(refused) from refused
        here = here.begun(asked_at)
        is_last = len(ids) < PAGE
        beans, address = await self._batch(ids), self._http.address
        fields = await self._fields() if beans else {}
        return Changes(
            # Rich text takes its time, in which others are to be served.
            items=await to_thread(lambda: [item_of(bean, fields, address) for bean in beans]),
            position=str(here.past([str(each) for each in ids], is_last=is_last)),
            is_last=is_last,
        )

    @_in_words
    async def count(self, query: str) -> int:
        total, last = 0, 0
        for _ in range(_MOST_WINDOWS):
            try:
                ids, _ = await self._ids(beyond(self._http.project, query, last), MOST_FOUND)
            except Rejected as refused:
                raise _bad_filter(refused) from refused
            total += len(ids)
            if len(ids) < MOST_FOUND:
                break
            last = ids[-1]
        return total

    @_in_words
    async def read(self, item_id: str) -> Item | None:
        bean = await self._bean(item_id)
        return None if bean is None else await self._item(bean)

    @_in_words
    async def missing(self, item_ids: Sequence[str]) -> Set[str]:
        """In no project of the organisation that the account may see."""
        body = {"ids": [int(each) for each in item_ids], "fields": [ID], "errorPolicy": "omit"}
        answer = await self._http.find_anywhere("wit/workitemsbatch", body)
        return set(item_ids) - {str(bean["id"]) for bean in answer["value"] if bean}

    @_in_words
    async def find_marked(self, mark: UUID, since: datetime) -> Item | None:
        """Also where queries do not know it yet: the ids that come next are looked at."""
        last = 0
        while True:
            ids, _ = await self._ids(made_by_us(self._http.project, since, last))
            for bean in await self._batch(ids):
                if mark_in(bean) == mark:
                    return await self._item(bean)
            if len(ids) < PAGE:
                return await self._newest_marked(mark)
            last = ids[-1]

    @_in_words
    async def create(self, draft: Draft) -> Item:
        notes: Notes = []
        patch = operations(await self._fields(), draft.values, notes, is_new=True)
        patch.append(mark_relation(draft.mark))
        if draft.parent is not None:
            patch.append(self._parent(draft.parent))
        bean = await self._http.change(
            "POST", ITEM, f"${draft.type}", body=patch, params=_WITH_RELATIONS
        )
        item = await self._item(bean, notes)
        if draft.status is None or draft.status == item.status:
            return item
        try:
            return await self.move(item.id, draft.status, {})
        except ItemRejected as reason:
            return await self._item(bean, [*notes, str(reason)])

    @_in_words
    async def update(self, item_id: str, values: Values, parent: str | None = None) -> Item:
        notes: Notes = []
        patch = operations(await self._fields(), values, notes, is_new=False)
        if parent is not None:
            return await self._put_under(item_id, parent, patch, notes)
        return await self._item(await self._patch(item_id, patch), notes)

    @_in_words
    async def move(self, item_id: str, status: str, values: Values) -> Item:
        """In one write: what the rules of the new state ask for is given with it."""
        notes: Notes = []
        patch = operations(await self._fields(), values, notes, is_new=False)
        patch.append({"op": "add", "path": f"/fields/{azure_fields.STATE}", "value": status})
        return await self._item(await self._patch(item_id, patch), notes)

    @_in_words
    async def delete(self, item_id: str) -> None:
        """Into the recycle bin."""
        try:
            await self._http.change("DELETE", ITEM, item_id)
        except ItemGone:
            return

    @_in_words
    async def comments(self, item_id: str) -> Sequence[Comment]:
        found: list[Comment] = []
        token: str | None = None
        while True:
            params = _OF_COMMENTS | {"$top": "200", "order": "asc", "$expand": "renderedText"}
            if token:
                params["continuationToken"] = token
            answer = await self._http.get(COMMENTS, item_id, params=params)
            beans = [each for each in answer["comments"] if not each.get("isDeleted")]
            found += await to_thread(_comments_of, beans)
            token = answer.get("continuationToken")
            if not token:
                return sorted(found, key=lambda comment: comment.created_at)

    @_in_words
    async def add_comment(self, item_id: str, body: str, mark: UUID) -> Comment:
        content = {"text": with_mark(to_html(body)[0], mark)}
        params = _OF_COMMENTS | {"format": "html"}
        return comment_of(
            await self._http.change("POST", COMMENTS, item_id, body=content, params=params)
        )

    @_in_words
    async def edit_comment(self, item_id: str, comment_id: str, body: str, mark: UUID) -> Comment:
        content = {"text": with_mark(to_html(body)[0], mark)}
        params = _OF_COMMENTS | {"format": "html"}
        return comment_of(
            await self._http.change(
                "PATCH", COMMENT, item_id, comment_id, body=content, params=params
            )
        )

    @_in_words
    async def delete_comment(self, item_id: str, comment_id: str) -> None:
        try:
            await self._http.change("DELETE", COMMENT, item_id, comment_id, params=_OF_COMMENTS)
        except ItemGone:
            return

    def open_attachment(
        self,
        item_id: str,  # noqa: ARG002 - a file is found by its own id
        attachment: Attachment,
    ) -> AsyncIterator[bytes]:
        return self._http.download(attachment.id, attachment.name)

    @_in_words
    async def attach(
        self,
        item_id: str,
        name: str,
        media_type: str,  # noqa: ARG002 - Azure DevOps keeps none
        size: int,
        content: AsyncIterator[bytes],
    ) -> Attachment:
        """A file that could not be joined to the item is seen nowhere."""
        file = await self._http.upload(name, size, content)
        relation = {"rel": FILE, "url": file["url"], "attributes": {"comment": ""}}
        bean = await self._patch(
            item_id, [{"op": "add", "path": "/relations/-", "value": relation}]
        )
        made = {attachment.id: attachment for attachment in attachments_in(bean)}
        found = made.get(str(file["id"]).lower())
        if found is None:
            raise Unsure("Azure DevOps took the file and does not show it.")
        return found

    async def _fields(self) -> Mapping[str, AzureField]:
        return await self._knowledge.of("fields", self._read_fields)

    async def _read_fields(self) -> Mapping[str, AzureField]:
        try:
            return await all_fields(self._http)
        except ItemGone as gone:
            raise _no_project() from gone

    async def _named(self) -> Sequence[Person]:
        ids, _ = await self._ids(page_of(self._http.project, "", Round(query="")))
        return await people_of(self._http, people_in(await self._batch(ids)))

    async def _ids(self, wiql: str, most: int = PAGE) -> tuple[list[int], datetime]:
        """What a query finds, and when that was, by the tool's clock."""
        params = {"timePrecision": True, "$top": most}
        try:
            answer = await self._http.find("wit/wiql", {"query": wiql}, params=params)
        except ItemGone as gone:
            raise _no_project() from gone
        return [int(each["id"]) for each in answer["workItems"]], moment(answer["asOf"])

    async def _batch(self, ids: Sequence[int]) -> Sequence[Mapping[str, Any]]:
        """Those of the items that are still there. Relations come only with all the fields."""
        if not ids:
            return []
        body = {"ids": list(ids), "$expand": "relations", "errorPolicy": "omit"}
        answer = await self._http.find("wit/workitemsbatch", body)
        return [bean for bean in answer["value"] if bean and self._is_ours(bean)]

    async def _bean(self, item_id: str) -> Mapping[str, Any] | None:
        try:
            bean: Mapping[str, Any] = await self._http.get(ITEM, item_id, params=_WITH_RELATIONS)
        except ItemGone:
            if await self.missing([item_id]):
                return None
            bean = {}
        if not bean or not self._is_ours(bean):
            raise ItemElsewhere("The work item is in another Azure DevOps project now.")
        return bean

    async def _newest_marked(self, mark: UUID) -> Item | None:
        known, _ = await self._ids(newest_of(self._http.project), 1)
        start = known[0] + 1 if known else 1
        for bean in await self._batch(range(start, start + PAGE)):
            if mark_in(bean) == mark:
                return await self._item(bean)
        return None

    def _is_ours(self, bean: Mapping[str, Any]) -> bool:
        """Never let an item of another project in, whatever a query or an id says."""
        project = str(bean["fields"][azure_fields.PROJECT])
        return project.casefold() == self._http.project.casefold()

    async def _item(self, bean: Mapping[str, Any], notes: Notes | None = None) -> Item:
        return item_of(bean, await self._fields(), self._http.address, notes or ())

    async def _patch(self, item_id: str, patch: list[dict[str, Any]]) -> Mapping[str, Any]:
        bean: Mapping[str, Any] = await self._http.change(
            "PATCH", ITEM, item_id, body=patch, params=_WITH_RELATIONS
        )
        return bean

    async def _put_under(
        self, item_id: str, parent: str, patch: list[dict[str, Any]], notes: Notes
    ) -> Item:
        """A relation is known by its place in the list: it must be the list that was read."""
        new = [] if parent == NO_PARENT else [self._parent(parent)]
        for tried in range(1, _TRIES + 1):
            bean = await self._bean(item_id)
            if bean is None:
                raise ItemGone("Azure DevOps does not have this item any more.")
            checked = [{"op": "test", "path": "/rev", "value": bean["rev"]}, *patch]
            old = [
                {"op": "remove", "path": f"/relations/{place}"}
                for place, relation in enumerate(bean.get("relations") or ())
                if relation in list(relations_in(bean, PARENT_LINK))
            ]
            try:
                answer = await self._patch(item_id, [*checked, *old, *new])
            except Rejected as refused:
                if tried == _TRIES or not is_conflict(refused):
                    raise
            else:
                return await self._item(answer, notes)
        raise AssertionError("unreachable: the last try answers or raises")

    def _parent(self, parent: str) -> dict[str, Any]:
        address = f"{self._http.address}/_apis/wit/workItems/{parent}"
        value = {"rel": PARENT_LINK, "url": address}
        return {"op": "add", "path": "/relations/-", "value": value}


def _comments_of(beans: Sequence[Mapping[str, Any]]) -> list[Comment]:
    return [comment_of(bean) for bean in beans]


def _no_project() -> AccessLost:
    return AccessLost("Azure DevOps has no such project, or the account may not see it.")


def _bad_filter(refused: Rejected) -> ItemRejected:
    """What is said of a query is about the owner's own words, not about an item's content."""
    said = refused.reason or "it does not say why"
    return ItemRejected(f"Azure DevOps can not use the filter: {said}")
