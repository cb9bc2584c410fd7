"""Work items and comments of Azure DevOps as the middle's items and comments."""

import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.sync.richtext import from_html
from app.tools import azure_fields
from app.tools.azure_fields import AzureField, Notes, moment, person
from app.tools.items import Attachment, Comment, Item, Person

PARENT_LINK = "System.LinkTypes.Hierarchy-Reverse"
HYPERLINK, FILE = "Hyperlink", "AttachedFile"
_MARKS = "https://getint.app/link/"
_OUR_LINK = re.compile(
    r"(?:<(?P<around>p|div)>\s*)?"
    rf'<a\b[^>]*\bhref="{re.escape(_MARKS)}(?P<mark>[0-9a-fA-F-]{{36}})"[^>]*>[^<]*</a>'
    r"(?:\s*</(?P=around)>)?"
)
_FILE_ID = re.compile(r"/attachments/([0-9a-fA-F-]{36})")


def link_of(mark: UUID) -> str:
    """The address that an item or a comment of ours is known by."""
    return f"{_MARKS}{mark}"


def mark_relation(mark: UUID) -> dict[str, Any]:
    """A hyperlink that says whose copy the item is."""
    value = {"rel": HYPERLINK, "url": link_of(mark), "attributes": {"comment": "Getint"}}
    return {"op": "add", "path": "/relations/-", "value": value}


def item_of(
    bean: Mapping[str, Any],
    fields: Mapping[str, AzureField],
    address: str,
    written: Sequence[str] = (),
) -> Item:
    """A work item with its relations; ``written`` are notes of the write that it answers."""
    raw = bean["fields"]
    notes: Notes = list(written)
    formats = bean.get("multilineFieldsFormat") or {}
    values = azure_fields.read(fields.values(), raw, formats, notes)
    parent = raw.get(azure_fields.PARENT) or _parent_in(bean)
    project = quote(str(raw[azure_fields.PROJECT]))
    return Item(
        id=str(bean["id"]),
        key=f"#{bean['id']}",
        url=f"{address}/{project}/_workitems/edit/{bean['id']}",
        type=str(raw[azure_fields.TYPE]),
        status=str(raw[azure_fields.STATE]),
        values=values,
        created_at=moment(raw[azure_fields.CREATED]),
        updated_at=moment(raw[azure_fields.CHANGED]),
        parent=str(parent) if parent else None,
        mark=mark_in(bean),
        attachments=list(attachments_in(bean)),
        notes=notes,
        comment_count=raw.get(azure_fields.COMMENT_COUNT),
    )


def mark_in(bean: Mapping[str, Any]) -> UUID | None:
    """Ours, from the hyperlinks of a work item."""
    for relation in relations_in(bean, HYPERLINK):
        address = str(relation["url"])
        if address.startswith(_MARKS):
            return _uuid(address.removeprefix(_MARKS))
    return None


def relations_in(bean: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """The relations of one kind."""
    return (each for each in bean.get("relations") or () if each.get("rel") == kind)


def attachments_in(bean: Mapping[str, Any]) -> Iterator[Attachment]:
    """The files of a work item; their kind is guessed from the name, for it is not told."""
    for relation in relations_in(bean, FILE):
        found = _FILE_ID.search(str(relation["url"]))
        if found is None:
            continue
        attributes = relation.get("attributes") or {}
        name = str(attributes.get("name") or "file")
        size = attributes.get("resourceSize")
        yield Attachment(
            id=found[1].lower(),
            name=name,
            media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            size=size if isinstance(size, int) else None,
        )


def comment_of(bean: Mapping[str, Any]) -> Comment:
    """A comment without our link, which it may have had."""
    text, mark = without_mark(_html_in(bean))
    return Comment(
        id=str(bean["id"]),
        author=person(bean.get("createdBy")) or Person(""),
        body=from_html(text).html,
        created_at=moment(bean["createdDate"]),
        updated_at=moment(bean.get("modifiedDate") or bean["createdDate"]),
        mark=mark,
    )


def with_mark(content: str, mark: UUID) -> str:
    """A comment's HTML with our link under it."""
    return f'{content}<p><a href="{link_of(mark)}">Getint</a></p>'


def without_mark(content: str) -> tuple[str, UUID | None]:
    """The HTML that somebody wrote, and the mark that we left in it."""
    found = _OUR_LINK.search(content)
    if found is None:
        return content, None
    return content[: found.start()] + content[found.end() :], _uuid(found["mark"])


def _html_in(bean: Mapping[str, Any]) -> str:
    if str(bean.get("format", "html")).lower() == "markdown":
        return str(bean.get("renderedText") or bean.get("text") or "")
    return str(bean.get("text") or "")


def _parent_in(bean: Mapping[str, Any]) -> str | None:
    for relation in relations_in(bean, PARENT_LINK):
        return str(relation["url"]).rpartition("/")[2]
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
