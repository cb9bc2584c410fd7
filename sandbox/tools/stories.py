"""Lifelike work: what people write into trackers, the same at each start."""

# ruff: noqa: RUF001 - odd characters are what these texts are for

import random
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.tools.writing import Block

# When the newest of the seeded items was changed; a fixed day, so that each seed is the same.
SEEDED_UNTIL = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DEEP_THREAD = 60


@dataclass(frozen=True, slots=True)
class Person:
    """One of the people who work in all the tools; e-mails are those of the local Jira."""

    name: str
    login: str

    @property
    def email(self) -> str:
        return f"{self.login}@example.com"


PEOPLE = (
    Person("Alice Admin", "alice"),
    Person("Gia Gitlab", "gia"),
    Person("Axel Azure", "axel"),
    Person("Pia Project", "pia"),
    Person("Nora Nobody", "nora"),
    Person("Zoë Łukasiewicz-Ångström", "zoe"),
)


@dataclass(frozen=True, slots=True)
class Remark:
    author: Person
    at: datetime
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Story:
    """`progress` from 0 (new) to 3 (done); `kind` is bug, task or feature; priority 1 to 4."""

    title: str
    kind: str
    progress: int
    priority: int
    author: Person
    assignee: Person | None
    labels: Sequence[str]
    created: datetime
    changed: datetime
    due_in_days: int | None
    blocks: Sequence[Block]
    remarks: Sequence[Remark]


SUBJECTS = (
    "Refund of a split payment", "Invoice PDF", "Card form", "Webhook of the bank", "SEPA export",
    "Log-in by passkey", "Search", "Cart", "Night job", "Currency table", "Dunning letter",
    "Address check", "Receipt e-mail", "Dashboard", "Ledger", "Voucher", "Checkout on phones",
)  # fmt: skip
TROUBLES = (
    "fails with a time-out", "shows the wrong total", "is slow with 10,000 rows",
    "loses the umlauts (ä, ö, ü, ß)", "needs a dark mode", "rounds twice", "can not be undone",
    "should remember the last choice", "breaks when the name holds an apostrophe: O'Brien & Søn",
    "ignores the time zone", 'prints "null" instead of a name', "must obey the new rule of 2027",
)  # fmt: skip
ODD_TITLES = (
    "🚀 Ship it! 👩‍👩‍👧‍👦 emoji with joiners and 🇳🇴 flags in a title",
    "<script>alert('title')</script> & other <b>markup</b> in a title",
    "إصلاح صفحة الدفع: المبلغ الإجمالي خاطئ (RTL)",
    "תשלום נכשל for order 4711 – mixed directions",
    "支払いページが真っ白になる / 付款页面是空白的",
    "Quotes \" and ' and ` and back\\slash and %2F and #hash and ~tilde",
    "Z͑ͫa̴l͠g͢o: stacked combining marks, and a zero\u200bwidth space",
    "A title of two hundred and fifty-five characters " + "that goes on " * 15 + "and on so.",
    "   spaces around   and\u00a0inside   ",
    "Ⅷ ½ ﬁ Ω ß İ ı: characters that change with case",
)
LABELS = ("backend", "frontend", "payments", "customer", "a11y", "needs info", "größer::m", "📱")
SENTENCES = (
    "It happens about once in a hundred tries, mostly in the evening.",
    "The customer sees a blank page and does *not* know whether the money left.",
    "We saw **nothing** in the logs but `ECONNRESET`, twice, 300 ms apart.",
    "See [the notes of the review](https://example.com/review?id=12&part=b#c) for the decision.",
    "Straße, naïve, façade, smörgåsbord, Łódź, İstanbul, 東京, Київ: all have to survive.",
    "Half of this is ~~unnecessary~~ done already; the rest waits for the bank.",
    "Who pays for a € 0,01 difference – we or they?",
    "Reproduced on Firefox 145 and on Chrome; Safari is fine 🤷‍♀️.",
)
RIGHT_TO_LEFT = "العميل رقم 4711 دفع مرتين؛ يرجى إعادة المبلغ (125.50 €) – ראו גם הזמנה 4712."
LOG = """2026-10-07T21:14:03Z WARN  pool - 3 of 3 connections busy
2026-10-07T21:14:08Z ERROR payment 4711: <timeout after="5000ms"/>
    at Bank.send(bank.ts:118) & 12 more"""
CODE = """def total(rows: list[Row]) -> Decimal:
    # 5 < 6 && "quoted" | piped
    return sum((row.net * (1 + row.vat) for row in rows), Decimal(0))"""
TABLE = (
    ("currency", "net", "gross", "note"),
    ("EUR", "100,00", "119,00", "`DE` 19 %"),
    ("JPY", "12 000", "13 200", "no *minor* unit"),
    ("KWD", "3.125", "3.125", "three decimals, **no** VAT 😬"),
)


def stories(count: int, image: str, seed: int = 7) -> list[Story]:
    """The oldest first; the same for the same arguments. `image` is the address of a picture."""
    chance = random.Random(seed)  # noqa: S311 - lifelike, not secret
    span = timedelta(hours=5)
    begin = SEEDED_UNTIL - span * count
    return [_story(number, begin + span * number, image, chance) for number in range(count)]


def _story(number: int, created: datetime, image: str, chance: random.Random) -> Story:
    if number % 12 == 5:
        title = ODD_TITLES[number // 12 % len(ODD_TITLES)]
    else:
        title = f"{chance.choice(SUBJECTS)} {chance.choice(TROUBLES)}"
    remarks = _remarks(number, created, chance)
    return Story(
        title=title,
        kind=chance.choice(("bug", "bug", "task", "feature")),
        progress=chance.choice((0, 0, 1, 1, 2, 3, 3)),
        priority=chance.choice((1, 2, 2, 2, 3, 4)),
        author=chance.choice(PEOPLE),
        assignee=chance.choice((None, *PEOPLE)),
        labels=tuple(sorted(chance.sample(LABELS, chance.choice((0, 1, 1, 2, 3))))),
        created=created,
        changed=remarks[-1].at if remarks else created,
        due_in_days=chance.choice((None, None, 14, 60)),
        blocks=_description(number, image, chance),
        remarks=remarks,
    )


def _remarks(number: int, created: datetime, chance: random.Random) -> list[Remark]:
    count = DEEP_THREAD if number % 50 == 20 else chance.choice((0, 0, 1, 2, 3, 6))
    remarks = []
    for position in range(count):
        at = created + timedelta(minutes=1 + 2 * position, milliseconds=chance.randrange(1000))
        blocks = [_paragraph(chance, 2)]
        if position % 4 == 3:
            blocks += [Block("quote", chance.choice(SENTENCES)), Block("code", LOG, "text")]
        if position % 7 == 6:
            blocks.append(Block("p", RIGHT_TO_LEFT))
        remarks.append(Remark(chance.choice(PEOPLE), at, blocks))
    return remarks


def _paragraph(chance: random.Random, sentences: int) -> Block:
    return Block("p", " ".join(chance.sample(SENTENCES, sentences)))


def _description(number: int, image: str, chance: random.Random) -> list[Block]:
    """Every tenth is long, some are empty, the others hold a few things of each kind."""
    if number % 17 == 16:
        return []
    blocks = [_paragraph(chance, 3)]
    extras = _extras(image)
    if number % 10 == 9:
        for chapter in range(1, 9):
            blocks += [Block("h2", f"Chapter {chapter}"), _paragraph(chance, 6), *extras]
        return blocks
    return [*blocks, *chance.sample(extras, chance.choice((0, 1, 2, 3)))]


def _extras(image: str) -> list[Block]:
    return [
        Block("h3", "Steps to reproduce"),
        Block("ol", rows=[("Open the **cart**",), ("Press *Pay*",), ("Wait for `302`",)]),
        Block("ul", rows=[("A point",), ("Another, with 🎉",), (RIGHT_TO_LEFT,)]),
        Block("tasks", rows=[("x", "Understood"), (" ", "Mended"), (" ", "Told the customer")]),
        Block("code", CODE, "python"),
        Block("code", LOG, "text"),
        Block("table", rows=TABLE),
        Block("quote", "Nobody ever reads the second page.\nSo it says."),
        Block("image", "How it looks", image),
        Block("note", "The bank answers only on working days."),
        Block("details", "The whole answer of the bank: `{}`.", "What the bank says"),
        Block("p", RIGHT_TO_LEFT),
        Block("rule"),
    ]


def picture(width: int = 48, height: int = 32) -> bytes:
    """A small PNG in two colours."""
    rows = b"".join(
        b"\0" + b"".join(b"\x1d\x6f\xa5" if x > y else b"\xf2\xb1\x34" for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
