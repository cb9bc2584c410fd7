"""Jira's words for issues, their comments, attachments and history."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.issues.catalogue import (
    BY_ID,
    FIELDS,
    Field,
    IssueType,
    Kind,
    Named,
    Status,
    priority_by_id,
    resolution_by_id,
    status_by_id,
    type_by_id,
)
from sandbox.issues.models import Attachment, Change, Comment, Issue
from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.beans import API
from sandbox.site import SiteState

SEARCH_COMMENTS = 20
_IN_FULL_ONLY = {"comment", "attachment"}


def time_text(ms: int) -> str:
    """As Jira writes times: milliseconds, and a zone without a colon."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0000"


def issue_type(site: SiteState, found: IssueType) -> dict[str, Any]:
    return {
        "self": f"{site.base_url}{API}/issuetype/{found.id}",
        "id": found.id,
        "description": found.description,
        "iconUrl": f"{site.base_url}/avatar/{found.id}.svg",
        "name": found.name,
        "subtask": found.subtask,
        "hierarchyLevel": found.level,
    }


def status(site: SiteState, found: Status) -> dict[str, Any]:
    category = found.category
    return {
        "self": f"{site.base_url}{API}/status/{found.id}",
        "description": "",
        "iconUrl": f"{site.base_url}/",
        "name": found.name,
        "id": found.id,
        "statusCategory": {
            "self": f"{site.base_url}{API}/statuscategory/{category.id}",
            "id": category.id,
            "key": category.key,
            "colorName": category.colour,
            "name": category.name,
        },
    }


def priority(site: SiteState, found: Named) -> dict[str, Any]:
    return {
        "self": f"{site.base_url}{API}/priority/{found.id}",
        "iconUrl": f"{site.base_url}/avatar/{found.id}.svg",
        "name": found.name,
        "id": found.id,
    }


def resolution(site: SiteState, found: Named) -> dict[str, Any]:
    return {
        "self": f"{site.base_url}{API}/resolution/{found.id}",
        "id": found.id,
        "description": found.description,
        "name": found.name,
    }


def option(site: SiteState, field: Field, value: str) -> dict[str, Any]:
    number = field.option_id(value)
    return {
        "self": f"{site.base_url}{API}/customFieldOption/{number}",
        "value": value,
        "id": number,
    }


@dataclass(frozen=True, slots=True)
class IssueBeans:
    """Issues of one site as one caller sees them; `address` is the API that links name."""

    site: SiteState
    caller: Holder

    @property
    def root(self) -> str:
        return f"{self.site.base_url}{API}"

    def link(self, issue: Issue) -> dict[str, str]:
        return {"id": str(issue.id), "key": issue.key, "self": f"{self.root}/issue/{issue.id}"}

    def issue(
        self,
        issue: Issue,
        names: Iterable[str],
        *,
        properties: Iterable[str] = (),
        comments: int | None = None,
    ) -> dict[str, Any]:
        """IssueBean with the fields of these ids; `comments` limits how many are shown."""
        bean: dict[str, Any] = {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog",
            **self.link(issue),
        }
        fields = {name: self.field(issue, BY_ID[name], comments) for name in names}
        if fields:
            bean["fields"] = fields
        kept = {name: issue.properties[name] for name in properties if name in issue.properties}
        if kept or list(properties):
            bean["properties"] = kept
        return bean

    def field(self, issue: Issue, field: Field, comments: int | None = None) -> Any:
        if field.kind is Kind.LISTED:
            return self._listed(issue, field.id, comments)
        if field.id in ("created", "updated"):
            return time_text(getattr(issue, field.id))
        if field.id == "creator":
            return self._person(issue.creator)
        if field.kind is Kind.PROJECT:
            return self._project(issue)
        value = issue.fields.get(field.id)
        if value is None or value == []:
            return [] if field.kind is Kind.LABELS else None
        write = self._writers().get(field.kind)
        return write(field, value) if write is not None else value

    def _writers(self) -> dict[Kind, Callable[[Field, Any], Any]]:
        site = self.site
        return {
            Kind.TIME: lambda _, value: time_text(value),
            Kind.OPTION: lambda field, value: option(site, field, value),
            Kind.OPTIONS: lambda field, value: [option(site, field, each) for each in value],
            Kind.USER: lambda _, value: self._person(value),
            Kind.PRIORITY: lambda _, value: priority(site, priority_by_id[value]),
            Kind.RESOLUTION: lambda _, value: resolution(site, resolution_by_id[value]),
            Kind.STATUS: lambda _, value: status(site, status_by_id[value]),
            Kind.ISSUE_TYPE: lambda _, value: issue_type(site, type_by_id[value]),
            Kind.PARENT: lambda _, value: self._parent(value),
        }

    def _person(self, account_id: str) -> dict[str, Any]:
        return beans.account(self.site, account_id, self.caller)

    def _project(self, issue: Issue) -> dict[str, Any]:
        bean = beans.project(self.site, self.site.project(issue.project), self.caller)
        wanted = ("self", "id", "key", "name", "projectTypeKey", "simplified", "avatarUrls")
        return {name: bean[name] for name in wanted}

    def _parent(self, issue_id: int) -> dict[str, Any] | None:
        parent = self.site.issues.find(str(issue_id))
        return self._linked(parent) if parent is not None else None

    def _linked(self, issue: Issue) -> dict[str, Any]:
        shown = ("summary", "status", "priority", "issuetype")
        return {
            **self.link(issue),
            "fields": {name: self.field(issue, BY_ID[name]) for name in shown},
        }

    def _listed(self, issue: Issue, name: str, comments: int | None) -> Any:
        if name == "subtasks":
            return [
                self._linked(child)
                for child in self.site.issues.children(issue)
                if type_by_id[child.fields["issuetype"]].subtask
            ]
        if name == "attachment":
            return [self.attachment(each) for each in issue.attachments]
        shown = issue.comments if comments is None else issue.comments[:comments]
        return {
            "comments": [self.comment(issue, each) for each in shown],
            "self": f"{self.root}/issue/{issue.id}/comment",
            "maxResults": len(shown) if comments is None else comments,
            "total": len(issue.comments),
            "startAt": 0,
        }

    def comment(
        self, issue: Issue, comment: Comment, *, properties: bool = False
    ) -> dict[str, Any]:
        bean = {
            "self": f"{self.root}/issue/{issue.id}/comment/{comment.id}",
            "id": str(comment.id),
            "author": self._person(comment.author),
            "body": comment.body,
            "updateAuthor": self._person(comment.update_author),
            "created": time_text(comment.created),
            "updated": time_text(comment.updated),
            "jsdPublic": True,
        }
        if properties:
            bean["properties"] = [
                {"key": key, "value": value} for key, value in comment.properties.items()
            ]
        return bean

    def attachment(self, attachment: Attachment) -> dict[str, Any]:
        return {
            "self": f"{self.root}/attachment/{attachment.id}",
            "id": str(attachment.id),
            "filename": attachment.filename,
            "author": self._person(attachment.author),
            "created": time_text(attachment.created),
            "size": attachment.size,
            "mimeType": attachment.mime_type,
            "content": f"{self.root}/attachment/content/{attachment.id}",
        }

    def change(self, change: Change) -> dict[str, Any]:
        """Changelog: what is nothing is left out."""
        return {
            "id": str(change.id),
            "author": self._person(change.author),
            "created": time_text(change.created),
            "items": [present(item) for item in change.items],
        }


def present(item: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in item.items() if value is not None}


def wanted_fields(names: Iterable[str] | None, default: str) -> list[str]:
    """Field ids that `fields` asks for: ids, `*all`, `*navigable`, and `-id` to leave out."""
    asked = [part.strip() for name in names or [] for part in name.split(",") if part.strip()]
    if not asked or all(name.startswith("-") for name in asked):
        asked = [default, *asked]
    chosen: dict[str, None] = {}
    for name in asked:
        if name == "*all":
            chosen.update(dict.fromkeys(BY_ID))
        elif name == "*navigable":
            chosen.update({field.id: None for field in FIELDS if field.id not in _IN_FULL_ONLY})
        elif name.startswith("-"):
            chosen.pop(name[1:], None)
        elif name in BY_ID:
            chosen[name] = None
    return list(chosen)


def names_and_schema(fields: Iterable[str], expand: str | None) -> dict[str, Any]:
    """What `expand=names,schema` adds."""
    wanted, shown = (expand or "").split(","), list(fields)
    added: dict[str, Any] = {}
    if "names" in wanted:
        added["names"] = {name: BY_ID[name].name for name in shown}
    if "schema" in wanted:
        added["schema"] = {name: BY_ID[name].schema for name in shown}
    return added
