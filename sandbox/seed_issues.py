"""A few hundred lifelike issues, the same at each start: two projects of each site."""

import itertools
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.issues.catalogue import (
    BUG,
    DONE,
    EPIC,
    IN_PROGRESS,
    IN_REVIEW,
    STORY,
    SUB_TASK,
    TASK,
    TO_DO,
    IssueType,
)
from sandbox.issues.models import Attachment, Comment, Issue
from sandbox.seed_texts import (
    COMMENTS,
    LABELS,
    LOG_FILE,
    SUBJECTS,
    TROUBLES,
    description,
    paragraph_with_mention,
    picture,
    thread_comment,
)
from sandbox.site import Project, SiteState

FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PROJECT_SEEDS = {"PAY": (1, 220), "OPS": (2, 140), "ENG": (3, 160), "SUP": (4, 120)}
DEEP_THREAD = 60
_STATUSES = (TO_DO, TO_DO, IN_PROGRESS, IN_REVIEW, DONE, DONE)
_KINDS = (STORY, TASK, TASK, BUG, BUG, SUB_TASK)


def seed_first_site(site: SiteState) -> None:
    """PAY and OPS; WEB stays empty, to be filled by an integration."""
    _fill(site, ("PAY", "OPS"))


def seed_projects(site: SiteState, *keys: str) -> None:
    """The issues of these projects alone."""
    _fill(site, keys)


def _fill(site: SiteState, keys: Sequence[str]) -> None:
    for key in keys:
        number, count = PROJECT_SEEDS[key]
        # Not for secrets: the same issues at each start.
        chance = random.Random(number)  # noqa: S311
        _Seeding(site, site.project(key), chance).fill(count)


class _Seeding:
    """Makes one project's issues; time goes on from one to the next."""

    def __init__(self, site: SiteState, project: Project, chance: random.Random) -> None:
        self.site = site
        self.project = project
        self.chance = chance
        self.people = [person.account_id for person in site.people if person.active]
        self.epics: list[int] = []
        self.parents: list[int] = []
        self.clock = FIRST
        self.subjects = itertools.cycle(SUBJECTS)

    def fill(self, count: int) -> None:
        for number in range(1, count + 1):
            self.clock += timedelta(minutes=self.chance.randint(20, 1400), milliseconds=number % 7)
            self.site.issues.put(self._issue(number))

    def _issue(self, number: int) -> Issue:
        kind = EPIC if number % 40 == 1 else self.chance.choice(_KINDS)
        if kind is SUB_TASK and not self.parents:
            kind = TASK
        created = int(self.clock.timestamp() * 1000)
        issue_id = self.site.issues.new_id()
        attachments = self._attachments(number, created)
        comments = self._comments(number, created)
        fields = self._fields(number, kind, attachments)
        updated = max([created, *(each.updated for each in comments)])
        if fields["resolution"] is not None:
            updated += 3_600_000
            fields["resolutiondate"] = updated
        if kind is EPIC:
            self.epics.append(issue_id)
        elif kind is not SUB_TASK:
            self.parents.append(issue_id)
        return Issue(
            id=issue_id,
            key=f"{self.project.key}-{number}",
            project=self.project.id,
            created=created,
            updated=updated,
            creator=fields["reporter"],
            fields=fields,
            comments=comments,
            attachments=attachments,
        )

    def _fields(
        self, number: int, kind: IssueType, attachments: Sequence[Attachment]
    ) -> dict[str, Any]:
        chance = self.chance
        subject = next(self.subjects)
        status = chance.choice(_STATUSES)
        is_bug = kind is BUG
        mentioned = self.site.person(chance.choice(self.people))
        fields: dict[str, Any] = {
            "summary": f"{chance.choice(TROUBLES)}: {subject}" if is_bug else subject,
            "issuetype": kind.id,
            "status": status.id,
            "resolution": "10000" if status is DONE else None,
            "priority": str(chance.choice((1, 2, 3, 3, 3, 4, 5))),
            "labels": sorted(set(chance.choices(LABELS, k=chance.randint(0, 3)))),
            "reporter": chance.choice(self.people),
            "assignee": chance.choice([*self.people, None]),
            "description": description(
                number, chance, mentioned, [each.media_id for each in attachments]
            ),
        }
        if number % 3 == 0:
            due = self.clock + timedelta(days=chance.randint(5, 60))
            fields["duedate"] = due.date().isoformat()
        if kind in (STORY, TASK):
            fields["customfield_10016"] = float(chance.choice((1, 2, 3, 5, 8, 13)))
        if is_bug:
            fields["customfield_10030"] = chance.choice(("Critical", "Major", "Minor"))
            fields["customfield_10032"] = chance.sample(("Americas", "Europe", "Asia-Pacific"), 2)
        fields["parent"] = self._parent(kind)
        return fields

    def _parent(self, kind: IssueType) -> int | None:
        if kind is SUB_TASK:
            return self.chance.choice(self.parents[-20:])
        if kind is EPIC or not self.epics or self.chance.random() < 0.4:
            return None
        return self.chance.choice(self.epics)

    def _comments(self, number: int, created: int) -> tuple[Comment, ...]:
        deep = number % 50 == 7
        count = DEEP_THREAD if deep else self.chance.choice((0, 0, 0, 1, 2, 3, 5))
        made, at = [], created
        for index in range(count):
            at += self.chance.randint(60_000, 7_200_000)
            author = self.chance.choice(self.people)
            body = thread_comment(index) if deep else self.chance.choice(COMMENTS)
            if index % 4 == 3:
                other = self.site.person(self.chance.choice(self.people))
                body = paragraph_with_mention(other)
            comment_id = self.site.issues.new_id()
            made.append(Comment(comment_id, author, body, at, at, author))
        return tuple(made)

    def _attachments(self, number: int, created: int) -> tuple[Attachment, ...]:
        if number % 11 not in (3, 5):
            return ()
        with_picture = number % 11 == 3
        data = picture(number) if with_picture else LOG_FILE.encode()
        name = f"bildschirm-{number} ✓.png" if with_picture else f"gateway-{number}.log"
        mime = "image/png" if with_picture else "text/plain"
        attachment_id = self.site.issues.new_id()
        media_id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        self.site.issues.blobs.put(attachment_id, data)
        author = self.chance.choice(self.people)
        return (Attachment(attachment_id, media_id, name, mime, len(data), author, created),)
