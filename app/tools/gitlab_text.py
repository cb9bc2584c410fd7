"""Markdown of GitLab and canonical HTML, with what only GitLab has: marks, uploads, orders."""

import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from app.sync.richtext import (
    Rich,
    attachment_address,
    attachment_name,
    from_markdown,
    rewritten,
    to_markdown,
)

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MARK = re.compile(rf"<!-- getint:({_UUID}) -->")
_UPLOAD = r"/uploads/([0-9a-f]{32})/([^\s()<>\"'\\]+)"
_LINKED = re.compile(
    rf"""(?:\[(?P<text>(?:\\.|[^\[\]\\])*)\]\(<?|(?<=[<"'])|(?<=\]:\s))"""
    rf"""(?P<before>[^\s()<>"']*?){_UPLOAD}"""
)
_WHOLE = re.compile(rf"(?P<before>[^\s()<>\"']*?){_UPLOAD}")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_NO_FILE_NAME = re.compile(r"[^\w.\-+]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the project that a text links to. ``id`` is what its address ends with."""

    id: str
    name: str

    @property
    def media_type(self) -> str:
        """Guessed from the name: GitLab does not tell."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Place:
    """The project as texts refer to it; ``web_url`` is where people open it."""

    id: int
    web_url: str

    def address(self, upload_id: str) -> str:
        """Where people open a file."""
        return f"{self.web_url}/uploads/{upload_id}"

    def upload_id(self, address: str) -> str | None:
        """The id of the file at this address; None for any other address."""
        found = _WHOLE.fullmatch(address)
        if found is None or not self.is_here(found["before"]):
            return None
        return f"{found[2]}/{found[3]}"

    def is_here(self, before: str) -> bool:
        """Whether what stands before ``/uploads/`` means this project."""
        return before in {"", self.web_url} or before.endswith(f"/-/project/{self.id}")


# ---- marks


def with_mark(text: str, mark: UUID) -> str:
    """The text with a mark that GitLab does not show."""
    comment = f"<!-- getint:{mark} -->"
    return f"{text}\n\n{comment}" if text else comment


def without_mark(text: str) -> tuple[str, UUID | None]:
    """What people wrote, and the last mark of ours in it."""
    *before, last = _MARK.split(text)
    if not before:
        return text, None
    return "".join([*(piece.rstrip() for piece in before[::2]), last]), UUID(before[-1])


# ---- rich text


def html_of(text: str, place: Place) -> Rich:
    """Canonical HTML of a text without its mark. Links to files lead to GitLab from everywhere."""
    rich = from_markdown(text)
    if "/uploads/" not in rich.html:
        return rich

    def as_attachment(address: str) -> str:
        found = place.upload_id(address)
        return address if found is None else attachment_address(_file_name(found))

    def as_link(address: str) -> str:
        found = place.upload_id(address)
        return address if found is None else place.address(found)

    # An image becomes the item's own file; in a link that is not allowed, so it stays for as_link.
    html = rewritten(rewritten(rich.html, address=as_attachment), address=as_link)
    return Rich(html, rich.notes)


def markdown_of(
    html: str, place: Place | None = None, files: Mapping[str, str] | None = None
) -> tuple[str, tuple[str, ...]]:
    """Markdown that gives no orders to GitLab. ``files`` has the item's upload ids by name."""

    def as_upload(address: str) -> str:
        name = attachment_name(address)
        found = (files or {}).get(name) if name is not None else None
        if found is None and place is not None:
            found = place.upload_id(address)
        return address if found is None else f"/uploads/{found}"

    if "attachment:" in html or "/uploads/" in html:
        html = rewritten(html, address=as_upload)
    text, notes = to_markdown(html)
    return without_orders(text), notes


def without_orders(text: str) -> str:
    """The same for the eye, but no line begins with ``/``: GitLab would obey ``/close``."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        end = _end_of_code(lines, at)
        if end > at:
            if any(line.startswith("/") for line in lines[at:end]):
                lines[at:end] = [f" {line}" for line in lines[at:end]]
            at = end
        else:
            lines[at] = re.sub(r"^/", r"\\/", lines[at])
            at += 1
    return "\n".join(lines)


def _end_of_code(lines: list[str], at: int) -> int:
    """Behind the last line of the code that begins here; the same line if none does."""
    opened = _FENCE.match(lines[at])
    if opened is None:
        return at
    closed = re.compile(rf"{re.escape(opened[1][0])}{{{len(opened[1])},}}\s*")
    for end in range(at + 1, len(lines)):
        if closed.fullmatch(lines[end]):
            return end + 1
    return len(lines)


# ---- uploads


def uploads_in(text: str, place: Place) -> Iterator[Upload]:
    """The project's files that a text of GitLab links to, in its order."""
    _, mark = without_mark(text)
    for found in _LINKED.finditer(text):
        if place.is_here(found["before"]):
            upload_id = f"{found[3]}/{found[4]}"
            # Our own links have the name that the file had before GitLab changed it.
            told = _unescaped(found["text"] or "") if mark is not None else ""
            yield Upload(upload_id, told or _file_name(upload_id))


def link_to(upload_id: str, name: str, *, is_picture: bool) -> str:
    """The Markdown that shows a file under this name."""
    text = re.sub(r"([\\\[\]`*_<>~!&@])", r"\\\1", " ".join(name.split()))
    return f"{'!' if is_picture else ''}[{text}](/uploads/{upload_id})"


def name_for_upload(name: str) -> str:
    """The name as GitLab would make it, so that its address needs no escapes."""
    cleaned = _NO_FILE_NAME.sub("_", name)[-200:]
    return cleaned if cleaned.strip(".") else "file"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _file_name(upload_id: str) -> str:
    return unquote(upload_id.partition("/")[2])
