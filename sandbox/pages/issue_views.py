"""What the pages show of issues: rows of a list, and one issue in full."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from sandbox.issues.catalogue import (
    BY_ID,
    IssueType,
    Kind,
    Named,
    Status,
    priority_by_id,
    status_by_id,
    type_by_id,
)
from sandbox.issues.models import Attachment, Comment, Issue
from sandbox.issues.search import Search
from sandbox.issues.values import in_words
from sandbox.issues.workflow import Transition, available_from
from sandbox.pages.rich_text import html_of, media_path, safe_href
from sandbox.pages.visit import NoAccessError, Visit
from sandbox.rest.issue_input import may
from sandbox.site import NotOnThisSiteError, Project

# Shown in places of their own, or not by their name.
_ELSEWHERE = {"summary", "issuetype", "description", "priority", "labels", "assignee", "status"}
_UNITS = ((1024 * 1024, "MB"), (1024, "KB"))


@dataclass(frozen=True, slots=True)
class Who:
    """A person, or the app's own user; `account_id` draws the picture."""

    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Moment:
    """`text` in the looking person's time zone, `exact` for machines and tool tips."""

    text: str
    exact: str


@dataclass(frozen=True, slots=True)
class Remark:
    author: Who
    at: Moment
    edited: bool
    body: Markup


@dataclass(frozen=True, slots=True)
class Shown:
    """One issue as one visit sees it."""

    visit: Visit
    issue: Issue

    @property
    def key(self) -> str:
        return self.issue.key

    @property
    def project(self) -> Project:
        return self.visit.sandbox.site.project(self.issue.project)

    @property
    def summary(self) -> str:
        return str(self.issue.fields["summary"])

    @property
    def type(self) -> IssueType:
        return type_by_id[self.issue.fields["issuetype"]]

    @property
    def status(self) -> Status:
        return status_by_id[self.issue.fields["status"]]

    @property
    def priority(self) -> Named | None:
        return priority_by_id.get(self.issue.fields.get("priority") or "")

    @property
    def labels(self) -> Sequence[str]:
        return self.issue.fields.get("labels") or ()

    @property
    def assignee(self) -> Who | None:
        account_id = self.issue.fields.get("assignee")
        return who(self.visit, account_id) if account_id else None

    @property
    def created(self) -> Moment:
        return moment(self.visit, self.issue.created)

    @property
    def updated(self) -> Moment:
        return moment(self.visit, self.issue.updated)

    @property
    def description(self) -> Markup:
        return html_of(self.issue.fields.get("description"), self.issue.attachments)

    @property
    def transitions(self) -> list[Transition]:
        """Those that are possible now, and for this person."""
        allowed = self.may("TRANSITION_ISSUES")
        return available_from(self.issue.fields["status"]) if allowed else []

    @property
    def comments(self) -> list[Remark]:
        """The newest first."""
        return [self._remark(each) for each in reversed(self.issue.comments)]

    @property
    def parent(self) -> "Shown | None":
        found = self.visit.sandbox.site.issues.find(str(self.issue.fields.get("parent")))
        return Shown(self.visit, found) if found is not None else None

    @property
    def children(self) -> "list[Shown]":
        found = self.visit.sandbox.site.issues.children(self.issue)
        return [Shown(self.visit, each) for each in found]

    @property
    def attachments(self) -> list[tuple[str, str, str]]:
        """(address, name, size) of each."""
        return [(media_path(each), each.filename, _size(each)) for each in self.issue.attachments]

    @property
    def links(self) -> list[tuple[str | None, str]]:
        """(address, title) of what other programs linked; None where it leads nowhere."""
        targets = [each.target for each in self.issue.remote_links]
        return [(safe_href(it.get("url")), str(it.get("title", ""))) for it in targets]

    @property
    def details(self) -> Iterator[tuple[str, str | Markup]]:
        """(name, value) of every other field that is set."""
        for field in BY_ID.values():
            value = self.issue.fields.get(field.id)
            hidden = field.id in _ELSEWHERE or field.kind is Kind.PARENT
            if hidden or value is None or value == []:
                continue
            if field.kind is Kind.RICH_TEXT:
                yield field.name, html_of(value, self.issue.attachments)
            elif field.kind is Kind.TIME:
                yield field.name, moment(self.visit, value).text
            else:
                yield field.name, in_words(self.visit.sandbox.site, field, value)[1] or ""

    def may(self, permission: str) -> bool:
        return may(self.visit.sandbox.site, self.visit.holder, permission, self.issue)

    def _remark(self, comment: Comment) -> Remark:
        return Remark(
            author=who(self.visit, comment.author),
            at=moment(self.visit, comment.created),
            edited=comment.updated != comment.created,
            body=html_of(comment.body, self.issue.attachments),
        )


def project_seen(visit: Visit, key: str) -> Project:
    """The project, or NoAccessError where this person may not browse it."""
    project = visit.sandbox.site.project(key)
    if not visit.holder.has_in_project("BROWSE_PROJECTS", project):
        raise NoAccessError(f"Only people with access to this Jira can open {project.name}.")
    return project


def issue_seen(visit: Visit, key: str) -> Shown:
    """The issue, or NotOnThisSiteError where there is none that this person may know of."""
    issue = visit.sandbox.site.issues.find(key)
    if issue is None or not may(visit.sandbox.site, visit.holder, "BROWSE_PROJECTS", issue):
        raise NotOnThisSiteError(
            f"No issue {key} is here, or you do not have permission to see it."
        )
    return Shown(visit, issue)


def listed(visit: Visit, project: Project, text: str) -> list[Shown]:
    """The last changed first; those in which each word of `text` is found."""
    jql = f'project = "{project.key}" order by updated DESC'
    words = text.casefold().split()
    rows = [Shown(visit, each) for each in Search(visit.sandbox.site, visit.holder, jql).found()]
    return [row for row in rows if all(word in _searched(row) for word in words)]


def _searched(row: Shown) -> str:
    assignee = row.assignee
    named = (row.key, row.type.name, row.summary, row.status.name)
    return " ".join((*named, assignee.name if assignee else "", *row.labels)).casefold()


def who(visit: Visit, account_id: str) -> Who:
    addon = visit.sandbox.site.addon
    if addon is not None and addon.account_id == account_id:
        return Who(account_id, addon.name)
    person = visit.sandbox.site.find_person(account_id)
    return Who(account_id, person.display_name if person else "Former user")


def moment(visit: Visit, ms: int) -> Moment:
    local = datetime.fromtimestamp(ms / 1000, ZoneInfo(visit.person.time_zone))
    return Moment(f"{local.day} {local:%b %Y, %H:%M}", local.isoformat(timespec="milliseconds"))


def _size(attachment: Attachment) -> str:
    for unit, name in _UNITS:
        if attachment.size >= unit:
            return f"{attachment.size / unit:.1f} {name}"
    return f"{attachment.size} B"
