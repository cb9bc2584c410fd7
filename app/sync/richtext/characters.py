"""Which characters and addresses may come in, whatever was sent to us."""

import re
from typing import Final
from urllib.parse import quote, unquote

from app.sync.richtext.notes import Notes

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_NO_CHARACTER = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_OTHER_SPACE = re.compile(r"[\x0b\x0c\x85]")
_TO_CLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_AT_THE_ENDS = re.compile(r"^[\x00-\x20\x7f-\xa0]+|[\x00-\x20\x7f-\xa0]+$")
_SKIPPED_BY_BROWSERS = re.compile(r"[\t\r\n]")
_TO_ENCODE = re.compile(r"""[\x00-\x20\x7f-\xa0<>"'`\\^{|}\s\ud800-\udfff\ufffe\uffff]""")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_BEFORE_PATH = re.compile(r"[^/?#]*")

_ATTACHMENT = "attachment:"
LINKED: Final = frozenset({"http", "https", "mailto", "ftp", "tel"})
SHOWN: Final = frozenset({"http", "https", "attachment"})
_CARRIES_CODE = frozenset({"javascript", "vbscript", "data", "blob"})

BARE_ADDRESS: Final = re.compile(r"(?<![\w/@])https?://[^\s<>\"]{1,4000}", re.IGNORECASE)


def clean(text: str, notes: Notes) -> str:
    """The text without what no tool stores: control characters, halves of characters."""
    if not _TO_CLEAN.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _NO_CHARACTER.search(text):
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = _NO_CHARACTER.sub("\ufffd", whole)
        if "\ufffd" in text:
            notes.add("Broken characters were replaced by a question mark in a diamond.")
    text = _OTHER_SPACE.sub(" ", text)
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
        notes.add("Invisible control characters were left out.")
    return text


def tidy_address(raw: str) -> str:
    """The address as a browser reads it, with what would end it early percent-encoded."""
    address = _SKIPPED_BY_BROWSERS.sub("", _AT_THE_ENDS.sub("", raw))
    return _TO_ENCODE.sub(lambda found: quote(found[0], safe="", errors="replace"), address)


def scheme_of(address: str) -> str:
    """In lower case; empty for a relative address; a colon of unclear meaning is a scheme too."""
    start = _BEFORE_PATH.match(address)
    head = start[0] if start else ""
    if ":" not in head:
        return ""
    named = _SCHEME.match(head)
    return named[1].lower() if named else head


def carries_code(address: str) -> bool:
    """Whether the address is itself something to run or to show, which is never passed on."""
    return scheme_of(address) in _CARRIES_CODE


def is_absolute(address: str) -> bool:
    """Whether it leads to the same place from everywhere."""
    return scheme_of(address) in LINKED


def attachment_address(name: str) -> str:
    """How canonical HTML refers to a file of the item itself, on whichever side."""
    return _ATTACHMENT + quote(name, safe="", errors="replace")


def attachment_name(address: str) -> str | None:
    """The name of the file; None for any other address."""
    return unquote(address[len(_ATTACHMENT) :]) if address.startswith(_ATTACHMENT) else None


def end_of_address(found: str) -> int:
    """How much of a bare address in running text is the address, and not punctuation after it."""
    end = len(found)
    while end:
        last = found[end - 1]
        if last in ".,:;!?'*_~|`$" or (last in ")]}" and not _opened(found, last, end)):
            end -= 1
        else:
            break
    return end


def _opened(found: str, closing: str, end: int) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    return found.count(opening, 0, end) >= found.count(closing, 0, end)
