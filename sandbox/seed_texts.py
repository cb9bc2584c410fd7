"""What the seed's issues say: documents of many kinds, with the letters that break things."""

import random
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from sandbox.issues.adf import Document
from sandbox.site import Person

Node = dict[str, Any]

SUBJECTS = (
    "Refund is paid out twice when the customer presses the button again",
    "Rundung auf Rappen: 0,005 CHF fällt unter den Tisch",
    "Show the exchange rate with the day it is from",
    "نسخة الفاتورة العربية تُطبع من اليسار إلى اليمين",
    "決済画面で「戻る」を押すとカートが空になる",
    "Migrate the ledger to 64-bit amounts (< 2 ms per booking & no downtime)",
    "Café receipts lose their accents — “Crème brûlée” becomes “Cr?me br?l?e”",
    "Retry with `Idempotency-Key` after a time-out of the acquirer 💳",
    "Alert when the queue of settlements is older than 15 min",
    "חשבונית בעברית: שורות מיושרות לשמאל",
    "Let support see why a payment was declined (without the card number)",
    "O'Brien & Sons <script>alert(1)</script> in the name of a merchant",
    "Export to CSV: fields that begin with = + - @ are formulas",
    "Emoji family 👨‍👩‍👧‍👦 counts as 7 characters in the memo field",
    "Rotate the signing key of the bank's webhook every 90 days",
    "Zahlung über 1'000'000.00 wird als 1 angezeigt",
    "Two-factor codes are refused when the phone is 40 s late",
    "Tidy up: nothing reads the table `tmp_2019_final_v2`",
)
TROUBLES = ("Wrong", "Does not work", "500 in production", "Sporadic", "Regression")
LABELS = (
    "backend",
    "frontend",
    "pci-dss",
    "kunde-zürich",
    "技術的負債",
    "quick-win",
    "q3_2026",
    "needs-legal",
    "🔥",
)
LOG_FILE = "\n".join(
    f"2026-05-0{day} 03:1{day}:07.{day}42 WARN gateway retry={day} acquirer=Zürich latency=30001ms"
    for day in range(1, 10)
)
_LONG = (
    "The settlement file of the acquirer arrives at about three in the morning. Each line is "
    "matched with a booking by its reference; what has no booking goes to the list of orphans, "
    "where somebody of the day shift looks at it. Since the release of last week the list is "
    "longer each day, and the first orphans are older than the thirty days within which a "
    "chargeback can be contested. "
)


def text(content: str, *marks: str | Node) -> Node:
    if not marks:
        return {"type": "text", "text": content}
    listed = [{"type": mark} if isinstance(mark, str) else mark for mark in marks]
    return {"type": "text", "text": content, "marks": listed}


def paragraph(*inline: Node | str) -> Node:
    nodes = [text(each) if isinstance(each, str) else each for each in inline]
    return {"type": "paragraph", "content": nodes}


def document(*blocks: Node) -> Document:
    return {"version": 1, "type": "doc", "content": list(blocks)}


def link(href: str) -> Node:
    return {"type": "link", "attrs": {"href": href}}


def mention(person: Person) -> Node:
    attrs = {"id": person.account_id, "text": f"@{person.display_name}", "accessLevel": ""}
    return {"type": "mention", "attrs": attrs}


def heading(level: int, content: str) -> Node:
    return {"type": "heading", "attrs": {"level": level}, "content": [text(content)]}


def bullets(*items: str) -> Node:
    listed = [{"type": "listItem", "content": [paragraph(item)]} for item in items]
    return {"type": "bulletList", "content": listed}


def _ordered() -> Node:
    inner = {"type": "listItem", "content": [paragraph("Press it again"), bullets("once", "…")]}
    first = {"type": "listItem", "content": [paragraph("Open the payment")]}
    return {"type": "orderedList", "attrs": {"order": 1}, "content": [first, inner]}


def _tasks(number: int) -> Node:
    items = [
        {
            "type": "taskItem",
            "attrs": {"localId": f"t{number}-{index}", "state": state},
            "content": [text(words)],
        }
        for index, (state, words) in enumerate(
            (("DONE", "Find a case"), ("TODO", "Write a test"), ("TODO", "Tell the customer"))
        )
    ]
    return {"type": "taskList", "attrs": {"localId": f"list-{number}"}, "content": items}


def _table() -> Node:
    def row(kind: str, *cells: str) -> Node:
        listed = [{"type": kind, "attrs": {}, "content": [paragraph(cell)]} for cell in cells]
        return {"type": "tableRow", "content": listed}

    rows = [
        row("tableHeader", "Currency", "Expected", "Found"),
        row("tableCell", "CHF", "1'000.05", "1'000.00"),
        row("tableCell", "JPY ¥", "120", "120.00 | 12 000"),
        row("tableCell", "ر.س", "٣٫٥٠", "3.5"),  # noqa: RUF001
    ]
    attrs = {"isNumberColumnEnabled": False, "layout": "default"}
    return {"type": "table", "attrs": attrs, "content": rows}


def _code() -> Node:
    source = (
        'def round_rappen(amount):\n    # "half up", not bankers\'\n    return amount  # TODO <&>'
    )
    return {"type": "codeBlock", "attrs": {"language": "python"}, "content": [text(source)]}


def _panel(kind: str, words: str) -> Node:
    return {"type": "panel", "attrs": {"panelType": kind}, "content": [paragraph(words)]}


def _expand() -> Node:
    title = "Stack trace"
    return {"type": "expand", "attrs": {"title": title}, "content": [_code(), paragraph("…")]}


def _image(media_id: str) -> Node:
    attrs = {"id": media_id, "type": "file", "collection": "", "width": 64, "height": 64}
    return {
        "type": "mediaSingle",
        "attrs": {"layout": "center"},
        "content": [{"type": "media", "attrs": attrs}],
    }


def _marked() -> Node:
    return paragraph(
        text("Never", "strong"),
        " do this ",
        text("by hand", "em", "underline"),
        ": ",
        text("DELETE FROM bookings", "code"),
        text(" (was: TRUNCATE)", "strike"),
        ", see ",
        text("the run book", link("https://example.com/run?a=1&b=%C3%BC#top")),
        {"type": "hardBreak"},
        "H",
        text("2", {"type": "subsup", "attrs": {"type": "sub"}}),
        "O and 10",
        text("3", {"type": "subsup", "attrs": {"type": "sup"}}),
        " ",
        {"type": "emoji", "attrs": {"shortName": ":tada:", "id": "1f389", "text": "🎉"}},
    )


def description(
    number: int, chance: random.Random, person: Person, media: Sequence[str]
) -> Document | None:
    """One of many kinds: nothing, short, long, structured, right to left, with images."""
    if number % 9 == 4:
        return None
    if number % 9 == 5:
        return document(paragraph("שלום! ", text("التقرير", "strong"), " — mixed with English."))
    structured = [
        heading(2, "What happens"),
        _marked(),
        _ordered(),
        _panel(chance.choice(("info", "note", "warning", "success", "error")), "Seen at 3 a.m."),
        heading(3, "What should happen"),
        {"type": "blockquote", "content": [paragraph("“As the contract says.” §4")]},
        _table(),
        _code(),
        _tasks(number),
        {"type": "rule"},
        _expand(),
        paragraph("Ask ", mention(person), " if in doubt. \t Tabs,  two spaces, nbsp\u00a0here."),
    ]
    images = [_image(each) for each in media]
    if number % 9 in (0, 1, 2):
        blocks = structured[: chance.randint(3, len(structured))]
        return document(*blocks, *images)
    if number % 45 == 8:
        return document(*(paragraph(f"{index}. {_LONG}") for index in range(60)), *structured)
    return document(paragraph(_LONG), bullets("one", "*two*", "_three_ [link](x)"), *images)


COMMENTS: tuple[Document, ...] = (
    document(paragraph("Same here, since this morning.")),
    document(paragraph("Ich schaue es mir an. 👀")),
    document(paragraph("Can not reproduce on ", text("main", "code"), "."), _code()),
    document(paragraph("راجعتُ السجل: لا يوجد شيء.")),
    document(bullets("tried A", "tried B", "B it is")),
    document(_panel("success", "Deployed 🚀"), paragraph("Please check & close.")),
    document(
        paragraph("a\u200bzero width, \u202eoverride\u202c, and a surrogate pair: \U0001d4b3")
    ),
)


def thread_comment(index: int) -> Document:
    return document(
        paragraph(f"{index + 1}. ", text("Further", "em"), " down the rabbit hole."),
        {"type": "blockquote", "content": [paragraph(f"{index}. Further down …")]},
    )


def paragraph_with_mention(person: Person) -> Document:
    return document(paragraph(mention(person), " could you look at this, please?"))


def picture(number: int) -> bytes:
    """A PNG of 64 x 64 in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    colour = bytes((number * 37 % 256, number * 91 % 256, 160))
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    rows = (b"\0" + colour * 64) * 64
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
