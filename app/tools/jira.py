"""A project in a Jira Cloud site as a `Side`: the one that installed us, or another one."""

from asyncio import to_thread
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
    Set,
)
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from app.sync.richtext import to_adf
from app.tools.items import Attachment, Comment, Draft, Item, Person, Schema, Values
from app.tools.jira_fields import JiraField, Notes, moment, written
from app.tools.jira_http import JiraHttp, Query
from app.tools.jira_items import (
    PROPERTY,
    attachment_of,
    comment_of,
    fields_to_ask,
    fields_with_comments,
    item_of,
    mark_of,
    property_of,
)
from app.tools.jira_moves import SEARCH, Move
from app.tools.jira_query import found_by, made_by_us, page_of
from app.tools.jira_refusals import JiraRefused, worded
from app.tools.jira_schema import all_fields, people_of, schema_of
from app.tools.knowledge import Knowledge
from app.tools.rounds import Round
from app.tools.side import (
    NO_PARENT,
    AccessLost,
    Changes,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    SideError,
    Unsure,
)
from connect import FilePart

PAGE = 50
COMMENTS_PAGE = 100
# Between two clocks that tick; what a round looks back covers more.
CLOCK_KEPT_S = 3600.0
ISSUE = "/rest/api/3/issue/{}"
COMMENT = "/rest/api/3/issue/{}/comment/{}"
# Keys in a row that search may not know yet; deleted issues leave gaps.
_KEYS_TO_TRY = 5
_LONGEST_REASON = 300
_LABELS = {"parent": "Parent", "issuetype": "Issue type", "project": "Project"}
P = ParamSpec("P")
T = TypeVar("T")
_Method = Callable[Concatenate["JiraSide", P], Coroutine[Any, Any, T]]


@dataclass(frozen=True, slots=True)
class _Project:
    """What has to be known of the project before anything else; it stays the same."""

    id: str
    key: str
    fields: Mapping[str, JiraField]

    @property
    def labels(self) -> Mapping[str, str]:
        return _LABELS | {field.jira_id: field.label for field in self.fields.values()}


def _in_words(method: _Method[P, T]) -> _Method[P, T]:
    """Refusals of Jira's leave as sentences that name the fields and quote nothing."""

    @wraps(method)
    async def said(self: "JiraSide", /, *args: P.args, **named: P.kwargs) -> T:
        try:
            return await method(self, *args, **named)
        except JiraRefused as refused:
            raise worded(refused, await self.labels()) from refused

    return said


class JiraSide:
    """A `Side`. ``project`` is its key or id; ``wanted`` the fields to read, None for all.

    Changes come in the order of the keys. What an update or a move may set has to be wanted.
    """

    def __init__(
        self,
        http: JiraHttp,
        project: str,
        *,
        wanted: Collection[str] | None = None,
        knowledge: Knowledge | None = None,
    ) -> None:
        self._http = http
        self._knowledge = knowledge or Knowledge()
        self._place = project
        self._wanted = wanted
        self._whole = _query(fields_to_ask(wanted))

    async def labels(self) -> Mapping[str, str]:
        """The fields' names by Jira's ids."""
        return (await self._project()).labels

    @_in_words
    async def schema(self) -> Schema:
        return await schema_of(self._http, (await self._project()).id)

    @_in_words
    async def people(self) -> Sequence[Person]:
        project = await self._project()
        return await self._knowledge.of("people", lambda: people_of(self._http, project.id))

    @_in_words
    async def changes(self, position: str | None, query: str) -> Changes:
        here = Round.of(position, query)
        if here.began is None:
            here = here.begun(await self._now())
        answer = await self._page(query, here)
        issues = answer["issues"]
        is_last = bool(answer.get("isLast", True)) or not issues
        return Changes(
            items=await self._items(issues),
            position=str(here.past([str(issue["key"]) for issue in issues], is_last=is_last)),
            is_last=is_last,
        )

    @_in_words
    async def count(self, query: str) -> int:
        project = await self._project()
        jql = found_by(project.id, query)
        try:
            answer = await self._http.find("/rest/api/3/search/approximate-count", {"jql": jql})
        except JiraRefused as refused:
            raise _bad_filter(refused) from refused
        return int(answer["count"])

    async def read(self, item_id: str) -> Item | None:
        project = await self._project()
        try:
            issue = await self._http.get(ISSUE, item_id, query=self._whole)
        except ItemGone:
            return None
        if not _is_of(issue, project):
            raise ItemElsewhere("The issue is in another Jira project now.")
        return self._item(issue, project)

    @_in_words
    async def missing(self, item_ids: Sequence[str]) -> Set[str]:
        """What Jira could not answer for now it lists as errors; only the others are missing."""
        body = {"issueIdsOrKeys": list(item_ids), "fields": ["id"]}
        answer = await self._http.find("/rest/api/3/issue/bulkfetch", body)
        told = [*answer["issues"], *(answer.get("issueErrors") or ())]
        return set(item_ids) - {str(each["id"]) for each in told}

    @_in_words
    async def find_marked(self, mark: UUID, since: datetime) -> Item | None:
        """Also where search does not know it yet: the next keys are looked at one by one."""
        project = await self._project()
        token: str | None = None
        while True:
            body = {
                "jql": made_by_us(project.id, since),
                "maxResults": 100,
                "fields": ["created"],
                "properties": [PROPERTY],
                **({"nextPageToken": token} if token else {}),
            }
            answer = await self._http.find(SEARCH, body)
            for issue in answer["issues"]:
                if mark_of(issue.get("properties")) == mark:
                    return await self.read(str(issue["id"]))
            token = answer.get("nextPageToken")
            if not token:
                return await self._newest_marked(mark, project)

    @_in_words
    async def create(self, draft: Draft) -> Item:
        project = await self._project()
        notes: Notes = []
        fields = written(project.fields, draft.values, notes)
        fields |= {"project": {"id": project.id}, "issuetype": {"name": draft.type}}
        if draft.parent is not None:
            fields["parent"] = {"id": draft.parent}
        body = {"fields": fields, "properties": property_of(draft.mark)}
        made = await self._http.change("POST", "/rest/api/3/issue", body=body)
        item = await self._read_back(
            str(made["id"]), notes, query=_query(fields_with_comments(self._wanted))
        )
        if draft.status is None or draft.status == item.status:
            return item
        try:
            return await self.move(item.id, draft.status, draft.values)
        except ItemRejected as reason:
            return await self._read_back(item.id, [*notes, str(reason)])

    @_in_words
    async def update(self, item_id: str, values: Values, parent: str | None = None) -> Item:
        project = await self._project()
        notes: Notes = []
        fields = written(project.fields, values, notes)
        body: dict[str, Any] = {"fields": fields}
        if parent == NO_PARENT:
            body["update"] = {"parent": [{"set": {"none": True}}]}
        elif parent is not None:
            fields["parent"] = {"id": parent}
        query = (("returnIssue", "true"),)
        issue = await self._http.change("PUT", ISSUE, item_id, query=query, body=body)
        if issue is None:
            return await self._read_back(item_id, notes)
        return self._item(issue, project, notes)

    @_in_words
    async def move(self, item_id: str, status: str, values: Values) -> Item:
        project = await self._project()
        notes: Notes = []
        issue = await self._http.get(ISSUE, item_id)
        held = issue["fields"]
        move = Move(
            http=self._http,
            project_id=project.id,
            issue_id=item_id,
            type_name=str(held["issuetype"]["name"]),
            target=status,
            values=values,
            labels=project.labels,
            notes=notes,
        )
        await move.go(str(held["status"]["name"]), held)
        return await self._read_back(item_id, notes)

    @_in_words
    async def delete(self, item_id: str) -> None:
        try:
            await self._http.change("DELETE", ISSUE, item_id)
        except ItemGone:
            return

    @_in_words
    async def comments(self, item_id: str) -> Sequence[Comment]:
        found: list[Comment] = []
        while True:
            query = (
                ("startAt", str(len(found))),
                ("maxResults", str(COMMENTS_PAGE)),
                ("orderBy", "created"),
                ("expand", "properties"),
            )
            answer = await self._http.get("/rest/api/3/issue/{}/comment", item_id, query=query)
            beans = answer["comments"]
            found += await to_thread(_comments_of, beans)
            if not answer["comments"] or len(found) >= int(answer["total"]):
                return found

    @_in_words
    async def add_comment(self, item_id: str, body: str, mark: UUID) -> Comment:
        content = {"body": to_adf(body)[0], "properties": property_of(mark)}
        bean = await self._http.change(
            "POST", "/rest/api/3/issue/{}/comment", item_id, body=content
        )
        return comment_of(bean, mark)

    @_in_words
    async def edit_comment(self, item_id: str, comment_id: str, body: str, mark: UUID) -> Comment:
        content = {"body": to_adf(body)[0], "properties": property_of(mark)}
        bean = await self._http.change("PUT", COMMENT, item_id, comment_id, body=content)
        return comment_of(bean, mark)

    @_in_words
    async def delete_comment(self, item_id: str, comment_id: str) -> None:
        try:
            await self._http.change("DELETE", COMMENT, item_id, comment_id)
        except ItemGone:
            return

    def open_attachment(
        self,
        item_id: str,  # noqa: ARG002 - Jira finds a file by its own id
        attachment: Attachment,
    ) -> AsyncIterator[bytes]:
        """Jira hands the bytes on itself (``redirect=false``): no other host is asked."""
        endpoint = "/rest/api/3/attachment/content/{}"
        return self._http.download(endpoint, attachment.id, query=(("redirect", "false"),))

    @_in_words
    async def attach(
        self, item_id: str, name: str, media_type: str, size: int, content: AsyncIterator[bytes]
    ) -> Attachment:
        file = FilePart(name, media_type, size, content)
        made = await self._http.upload("/rest/api/3/issue/{}/attachments", item_id, file=file)
        return attachment_of(made[0])

    async def _now(self) -> datetime:
        """By Jira's clock, or a moment before: it counts from when Jira's answer had come."""
        told, at = await self._knowledge.of("clock", self._told_time, kept_s=CLOCK_KEPT_S)
        return told + timedelta(seconds=self._knowledge.clock() - at)

    async def _told_time(self) -> tuple[datetime, float]:
        info = await self._http.get("/rest/api/3/serverInfo")
        return moment(info["serverTime"]), self._knowledge.clock()

    async def _project(self) -> _Project:
        return await self._knowledge.of("project", self._read_project)

    async def _read_project(self) -> _Project:
        try:
            bean = await self._http.get("/rest/api/3/project/{}", self._place)
        except ItemGone as gone:
            raise AccessLost("Jira has no such project, or Getint may not see it.") from gone
        fields = await all_fields(self._http)
        if self._wanted is not None:
            fields = {name: field for name, field in fields.items() if name in self._wanted}
        return _Project(str(bean["id"]), str(bean["key"]), fields)

    async def _page(self, query: str, here: Round) -> Any:
        body = {
            "jql": page_of(self._place, query, here),
            "maxResults": PAGE,
            "fields": fields_with_comments(self._wanted),
            "properties": [PROPERTY],
        }
        try:
            return await self._http.find(SEARCH, body)
        except JiraRefused as refused:
            if not here.after:
                await self._read_project()  # if that is gone, the filter is not to blame
                raise _bad_filter(refused) from refused
            # Jira does not compare with the key of an issue that was deleted meanwhile.
            return await self._page(query, here.one_back())

    async def _items(self, issues: Sequence[Any]) -> Sequence[Item]:
        if not issues:
            return ()
        project = await self._project()
        ours = [issue for issue in issues if _is_of(issue, project)]
        # Rich text takes its time, in which others are to be served.
        return await to_thread(lambda: [self._item(issue, project) for issue in ours])

    async def _newest_marked(self, mark: UUID, project: _Project) -> Item | None:
        body = {"jql": f"project = {project.id} ORDER BY key DESC", "maxResults": 1}
        answer = await self._http.find(SEARCH, body | {"fields": ["project"]})
        number = max((int(str(i["key"]).rpartition("-")[2]) for i in answer["issues"]), default=0)
        misses = 0
        while misses < _KEYS_TO_TRY:
            number += 1
            item = await self._by_key(f"{project.key}-{number}")
            if item is not None and item.mark == mark:
                return item
            misses = 0 if item is not None else misses + 1
        return None

    async def _by_key(self, key: str) -> Item | None:
        try:
            item = await self.read(key)
        except ItemElsewhere:
            return None
        return item if item is not None and item.key == key else None

    async def _read_back(self, item_id: str, notes: Notes, query: Query | None = None) -> Item:
        """After a change that was made: what fails now must not look as if it had not been."""
        project = await self._project()
        try:
            issue = await self._http.get(ISSUE, item_id, query=query or self._whole)
            return self._item(issue, project, notes)
        except SideError as error:
            raise Unsure("Jira did it, and did not show the result.") from error

    def _item(self, issue: Any, project: _Project, notes: Notes | None = None) -> Item:
        return item_of(issue, project.fields, self._http.address, notes or ())


def _query(fields: Sequence[str]) -> Query:
    return (("fields", ",".join(fields)), ("properties", PROPERTY))


def _comments_of(beans: Sequence[Mapping[str, Any]]) -> list[Comment]:
    return [comment_of(bean) for bean in beans]


def _bad_filter(refused: JiraRefused) -> ItemRejected:
    """What Jira says of a query is about the owner's own words, not about an item's content."""
    said = next(iter(refused.messages), "it does not say why")
    return ItemRejected(f"Jira can not use the filter: {said[:_LONGEST_REASON]}")


def _is_of(issue: Mapping[str, Any], project: _Project) -> bool:
    """Never let an issue of another project in, whatever a query or an id says."""
    return str(issue["fields"]["project"]["id"]) == project.id
