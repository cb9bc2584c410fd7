"""What adapters can rely on: what is repeated, what is not, and what each answer means."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tools import http as module
from app.tools.addresses import AddressRefused
from app.tools.answers import Forbidden, Rejected, reason_in
from app.tools.http import MOST_TRIES, ToolHttp
from app.tools.side import AccessLost, ItemGone, ItemRejected, SideBusy, SideError, Unsure
from app.tools.waits import LONGEST_PAUSE_S, exhausted_for, retry_after
from tests.tools.side_kit import FreeBudget, no_sleep, pieces, whole

ADDRESS = "https://tool.example.com/base"
SECRET = "glpat-Never-To-Be-Seen"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Reply(httpx.AsyncByteStream):
    """What the tool answers, byte by byte as it is sent."""

    status: int
    headers: dict[str, str]
    content: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content

    def response(self) -> httpx.Response:
        length = {"Content-Length": str(len(self.content))}
        return httpx.Response(self.status, headers=length | self.headers, stream=self)


Turn = Reply | Exception


def answer(
    status: int = 200, body: Any = None, *, kind: str = "application/json", **headers: str
) -> Reply:
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": kind, **named}, content)


@dataclass
class Far:
    """A tool that answers by a script, and then with its last answer."""

    turns: list[Turn] = field(default_factory=lambda: [answer(body={})])
    asked: list[httpx.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    budget: FreeBudget = field(default_factory=FreeBudget)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.bodies.append(await request.aread())
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, Exception):
            raise turn
        return turn.response()

    def http(self) -> ToolHttp:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        headers = {"PRIVATE-TOKEN": SECRET}
        return ToolHttp(client, ADDRESS, headers, self.budget, tool="GitLab", sleep=no_sleep)


@pytest.fixture
def far() -> Far:
    return Far()


async def read(http: ToolHttp) -> object:
    return await http.ask("GET", "/items")


async def write(http: ToolHttp) -> object:
    return await http.ask("POST", "/items", json={"title": "T"})


async def test_a_call_says_who_we_are_and_what_it_takes(far: Far) -> None:
    far.turns = [answer(201, {"id": 7}, X_Total="12")]
    got = await far.http().ask("POST", "/items?a=b", json={"title": "Grüße 🎉 שלום"})
    assert (got.status, got.json, got.headers["x-total"]) == (201, {"id": 7}, "12")
    request = far.asked[0]
    assert str(request.url) == f"{ADDRESS}/items?a=b"
    assert request.headers["private-token"] == SECRET
    assert request.headers["accept"] == "application/json"
    assert json.loads(far.bodies[0]) == {"title": "Grüße 🎉 שלום"}


async def test_an_answer_without_a_body_is_no_trouble(far: Far) -> None:
    far.turns = [answer(204, kind="")]
    assert (await far.http().ask("DELETE", "/items/1")).json is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, AccessLost),
        (302, AccessLost),
        (203, AccessLost),
        (400, ItemRejected),
        (401, AccessLost),
        (403, AccessLost),
        (404, ItemGone),
        (405, ItemRejected),
        (409, ItemRejected),
        (410, ItemGone),
        (413, ItemRejected),
        (422, ItemRejected),
        (429, SideBusy),
        (500, SideError),
        (502, SideBusy),
        (503, SideBusy),
        (504, SideBusy),
    ],
)
async def test_each_status_means_one_thing_for_a_read(
    far: Far, status: int, kind: type[SideError]
) -> None:
    far.turns = [answer(status, {"message": "no"}, Location="https://elsewhere.example.com")]
    with pytest.raises(SideError) as raised:
        await read(far.http())
    assert isinstance(raised.value, kind)
    assert SECRET not in str(raised.value)
    assert str(raised.value)
    assert {str(request.url) for request in far.asked} == {f"{ADDRESS}/items"}


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_write_that_fails_in_the_tool_may_have_worked(far: Far, status: int) -> None:
    far.turns = [answer(status, {})]
    with pytest.raises(Unsure):
        await write(far.http())
    assert len(far.asked) == 1


SILENCE: list[Callable[[], Exception]] = [
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.WriteTimeout("slow"),
    lambda: httpx.ReadError("reset"),
    lambda: httpx.WriteError("reset"),
    lambda: httpx.RemoteProtocolError("closed"),
]


@pytest.mark.parametrize("silence", SILENCE)
async def test_a_write_that_was_sent_and_not_answered_is_unsure_and_not_repeated(
    far: Far, silence: Callable[[], Exception]
) -> None:
    far.turns = [silence(), answer(201, {})]
    with pytest.raises(Unsure):
        await write(far.http())
    assert len(far.asked) == 1


@pytest.mark.parametrize("silence", [*SILENCE, lambda: httpx.ConnectError("refused")])
async def test_a_read_that_was_not_answered_is_repeated(
    far: Far, silence: Callable[[], Exception]
) -> None:
    far.turns = [silence(), silence(), answer(body={"ok": 1})]
    assert (await far.http().ask("GET", "/items")).json == {"ok": 1}


@pytest.mark.parametrize("do", [read, write])
async def test_repeating_ends(far: Far, do: Callable[[ToolHttp], Any]) -> None:
    far.turns = [httpx.ConnectError("refused")]
    with pytest.raises(SideBusy) as busy:
        await do(far.http())
    assert len(far.asked) == MOST_TRIES
    assert busy.value.retry_after_s > 0


@pytest.mark.parametrize(
    "unsent",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")],
)
async def test_a_write_that_was_never_sent_is_sent_again(far: Far, unsent: Exception) -> None:
    far.turns = [unsent, answer(201, {"id": 1})]
    assert (await far.http().ask("POST", "/items", json={})).json == {"id": 1}


async def test_a_delete_that_may_be_repeated_is_a_read_for_this(far: Far) -> None:
    far.turns = [httpx.ReadTimeout("slow"), answer(204, kind="")]
    await far.http().ask("DELETE", "/items/1", writes=False)
    assert len(far.asked) == 2


async def test_the_whole_call_is_bounded_in_time(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(module, "TOTAL_S", 0.01)
    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    http = ToolHttp(client, ADDRESS, {}, FreeBudget(), tool="GitLab", sleep=no_sleep)
    with pytest.raises(Unsure):
        await write(http)
    with pytest.raises(SideBusy):
        await read(http)


async def test_an_address_that_may_not_be_called_ends_the_run(far: Far) -> None:
    far.turns = [AddressRefused("This address leads into a private network.")]
    with pytest.raises(AccessLost, match="private network"):
        await read(far.http())
    assert len(far.asked) == 1


async def test_a_certificate_that_is_not_valid_is_named(far: Far) -> None:
    far.turns = [httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] expired")]
    with pytest.raises(SideBusy, match="certificate"):
        await read(far.http())


# ---- waiting


@pytest.mark.parametrize("do", [read, write])
async def test_being_asked_to_wait_pauses_the_host_for_all_and_nothing_was_done(
    far: Far, do: Callable[[ToolHttp], Any]
) -> None:
    far.turns = [answer(429, b"Retry later", kind="text/plain", Retry_After="7")]
    with pytest.raises(SideBusy) as busy:
        await do(far.http())
    assert busy.value.retry_after_s == 7
    assert far.budget.pauses[0] == 7


async def test_a_write_that_was_told_to_wait_is_made_once_it_may(far: Far) -> None:
    far.turns = [answer(429, Retry_After="1"), answer(201, {"id": 1})]
    assert (await far.http().ask("POST", "/items", json={})).json == {"id": 1}


@pytest.mark.parametrize("do", [read, write])
async def test_503_with_a_time_to_wait_did_nothing(far: Far, do: Callable[[ToolHttp], Any]) -> None:
    far.turns = [answer(503, Retry_After="30")]
    with pytest.raises(SideBusy):
        await do(far.http())
    assert far.budget.pauses[0] == 30


async def test_the_answer_that_uses_up_the_limit_pauses_the_next_call(far: Far) -> None:
    reset = str(int((NOW + timedelta(seconds=20)).timestamp()))
    far.turns = [
        answer(
            body={},
            RateLimit_Remaining="0",
            RateLimit_Reset=reset,
            Date=format_datetime(NOW, usegmt=True),
        )
    ]
    assert (await far.http().ask("GET", "/items")).status == 200
    assert far.budget.pauses == [20]


async def test_an_answer_within_the_limit_pauses_nothing(far: Far) -> None:
    far.turns = [answer(body={}, RateLimit_Remaining="3", RateLimit_Reset="60")]
    await read(far.http())
    assert far.budget.pauses == []


async def test_a_budget_that_says_wait_stops_the_call_before_it_is_sent(far: Far) -> None:
    class Paused(FreeBudget):
        def turn(self) -> Any:
            raise SideBusy("Wait.", 60)

    far.budget = Paused()
    with pytest.raises(SideBusy):
        await write(far.http())
    assert far.asked == []


SKEWED = {"date": format_datetime(NOW, usegmt=True)}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("7.5", 7.5),
        ("-5", 0.0),
        ("1e308", LONGEST_PAUSE_S),
        ("nan", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ((NOW + timedelta(seconds=90)).isoformat(), 90.0),
        ("2026-11-23T10:01Z", 60.0),
        (str(int((NOW + timedelta(seconds=90)).timestamp())), 90.0),
        (str(int((NOW + timedelta(days=900)).timestamp())), LONGEST_PAUSE_S),
    ],
)
def test_times_to_wait_are_read_by_the_tools_own_clock(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text, **SKEWED}) == seconds


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_header_makes_us_wait_for_ever_or_fail(first: str, second: str, third: str) -> None:
    told = {"retry-after": first, "x-ratelimit-remaining": "0", "x-ratelimit-reset": second}
    for wait in (retry_after(told | {"date": third}), exhausted_for(told | {"date": third})):
        assert wait is None or 0 <= wait <= LONGEST_PAUSE_S


# ---- what an answer says


async def test_a_web_page_instead_of_data_is_said_in_plain_words(far: Far) -> None:
    far.turns = [answer(body=b"<!doctype html><h1>Maintenance", kind="text/html; charset=utf-8")]
    with pytest.raises(SideError, match="web page") as raised:
        await read(far.http())
    assert not isinstance(raised.value, (ItemRejected, ItemGone, AccessLost, SideBusy, Unsure))


@pytest.mark.parametrize("body", [b"<html>", b"{", b"", b"[" * 100_000])
async def test_a_write_whose_answer_cannot_be_read_is_unsure_unless_there_is_none(
    far: Far, body: bytes
) -> None:
    far.turns = [answer(201, body, kind="text/html" if body == b"<html>" else "application/json")]
    if body:
        with pytest.raises(Unsure):
            await write(far.http())
    else:
        await write(far.http())


async def test_a_page_that_says_404_does_not_mean_that_the_item_is_gone(far: Far) -> None:
    far.turns = [answer(404, b"<html>no such site</html>", kind="text/html")]
    with pytest.raises(SideError) as raised:
        await far.http().ask_if_there("GET", "/items/1")
    assert not isinstance(raised.value, ItemGone)


async def test_none_for_what_is_gone_where_that_is_asked_for(far: Far) -> None:
    far.turns = [answer(404, {"message": "404 Not found"})]
    assert await far.http().ask_if_there("GET", "/items/1") is None


async def test_the_tools_reason_is_told_with_its_status(far: Far) -> None:
    far.turns = [answer(400, {"message": {"title": ["is too long", "is odd"]}})]
    with pytest.raises(Rejected) as rejected:
        await write(far.http())
    assert (rejected.value.status, rejected.value.reason) == (
        400,
        "title: is too long; title: is odd",
    )
    far.turns = [answer(403, {"error": "insufficient_scope"})]
    with pytest.raises(Forbidden) as forbidden:
        await write(far.http())
    assert forbidden.value.reason == "insufficient_scope"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"errorMessages": ["No."], "errors": {"summary": "Too long."}}, "No.; summary: Too long."),
        ({"message": "TF401320: Rule error."}, "TF401320: Rule error."),
        ({"error": "title is missing"}, "title is missing"),
        ({"other": "thing"}, ""),
        (["a", {"b": "c"}], "a; b: c"),
        (json.loads("[" * 400 + '"deep"' + "]" * 400), "deep"),
        ("x" * 500, "x" * 199 + "…"),
        ("a\r\nb\x00\x1b[31m\u202e", "a b[31m"),
    ],
)
def test_a_reason_is_short_printable_and_on_one_line(told: Any, reason: str) -> None:
    assert reason_in(json.dumps(told).encode()) == reason


def test_a_reason_that_is_nested_without_end_is_no_reason() -> None:
    for depth in (900, 100_000):
        assert reason_in(b"[" * depth + b'"deep"' + b"]" * depth) in {"", "deep"}


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: json.dumps(t).encode()))
def test_whatever_a_tool_answers_its_reason_is_safe(raw: bytes) -> None:
    reason = reason_in(raw)
    assert len(reason) <= 200
    assert reason.isprintable()


async def test_a_packed_answer_is_unpacked(far: Far) -> None:
    far.turns = [answer(body=gzip.compress(b'{"ok":1}'), Content_Encoding="gzip")]
    assert (await far.http().ask("GET", "/items")).json == {"ok": 1}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(b" " * 40_000_000, 9), id="bomb"),
        pytest.param(gzip.compress(b'{"ok":1}')[:-4], id="cut"),
        pytest.param(b"no gzip at all", id="garbage"),
    ],
)
async def test_what_unpacks_to_too_much_or_to_nothing_is_refused(far: Far, content: bytes) -> None:
    far.turns = [answer(body=content, Content_Encoding="gzip")]
    with pytest.raises(SideError, match="too long or cannot be unpacked"):
        await read(far.http())


async def test_what_is_packed_tightly_comes_in_small_pieces(far: Far) -> None:
    packed = gzip.compress(b" " * 5_000_000, 9)
    far.turns = [answer(body=packed, kind="application/octet-stream", Content_Encoding="gzip")]
    sizes = [len(piece) async for piece in far.http().download("/f")]
    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 256 * 1024


async def test_an_answer_without_end_is_cut(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    far.turns = [answer(body=b'"' + b"x" * 2000 + b'"')]
    with pytest.raises(SideError, match="too long"):
        await read(far.http())


# ---- files


async def test_a_file_is_sent_in_pieces_as_a_form_or_as_it_is(far: Far) -> None:
    content = bytes(range(256)) * 40
    http = far.http()
    for form_part in ("file", None):
        await http.send_file(
            "POST",
            "/f",
            name='nāme"\r\n.bin',
            media_type="image/png",
            size=len(content),
            content=pieces(content),
            form_part=form_part,
        )
    form, plain = far.bodies
    assert content in form
    assert b'name="file"; filename="n\xc4\x81me%22.bin"' in form
    assert far.asked[0].headers["content-length"] == str(len(form))
    assert plain == content
    assert far.asked[1].headers["content-type"] == "image/png"


@pytest.mark.parametrize("size", [99, 101])
async def test_a_file_of_another_size_than_was_told_is_not_sent_to_its_end(
    far: Far, size: int
) -> None:
    with pytest.raises(ItemRejected):
        await far.http().send_file(
            "POST", "/f", name="a", media_type="text/plain", size=size, content=pieces(b"x" * 100)
        )
    assert far.bodies == []


async def test_trouble_of_the_files_source_is_told_as_its_own(far: Far) -> None:
    closed = False

    async def broken() -> AsyncIterator[bytes]:
        nonlocal closed
        try:
            yield b"x"
            raise SideBusy("The other side is away.", 5)
        finally:
            closed = True

    with pytest.raises(SideBusy, match="other side"):
        await far.http().send_file(
            "POST", "/f", name="a", media_type="text/plain", size=10, content=broken()
        )
    assert closed


async def test_who_sends_a_file_holds_no_turn_while_waiting_for_its_source(far: Far) -> None:
    order: list[str] = []

    class Noted(FreeBudget):
        def turn(self) -> Any:
            order.append("turn")
            return super().turn()

    async def source() -> AsyncIterator[bytes]:
        order.append("source")
        yield b"x"

    far.budget = Noted()
    await far.http().send_file(
        "POST", "/f", name="a", media_type="text/plain", size=1, content=source()
    )
    assert order == ["source", "turn"]


async def test_a_file_is_sent_once_whatever_happens(far: Far) -> None:
    for trouble, kind in ((httpx.ConnectError("no"), SideBusy), (httpx.ReadError("no"), Unsure)):
        far.turns, far.asked = [trouble], []
        with pytest.raises(kind):
            await far.http().send_file(
                "POST", "/f", name="a", media_type="text/plain", size=1, content=pieces(b"x")
            )
        assert len(far.asked) == 1


async def test_a_file_is_read_in_pieces_and_its_size_without_reading_it(far: Far) -> None:
    content = b"\x00\x01" * 100_000
    far.turns = [answer(body=content, kind="application/octet-stream")]
    assert await whole(far.http().download("/f")) == content
    assert await far.http().size_of("/f") == len(content)


async def test_a_maintenance_page_is_not_taken_for_a_file_but_a_page_may_be_one(far: Far) -> None:
    page = b"<html>Back soon</html>"
    far.turns = [answer(body=page, kind="text/html")]
    for trial in (whole(far.http().download("/f")), far.http().size_of("/f")):
        with pytest.raises(SideError):
            await trial
    far.turns = [answer(body=page, kind="text/html", Content_Disposition="attachment")]
    assert await whole(far.http().download("/f")) == page


@pytest.mark.parametrize(
    ("status", "kind"), [(302, AccessLost), (401, AccessLost), (404, ItemGone), (502, SideBusy)]
)
async def test_a_file_that_is_refused_says_why(
    far: Far, status: int, kind: type[SideError]
) -> None:
    far.turns = [answer(status, {}, Location="https://storage.example.com/x")]
    with pytest.raises(kind):
        await whole(far.http().download("/f"))


async def test_a_download_that_breaks_off_is_told_and_not_given_as_whole(far: Far) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise httpx.ReadError("reset")

    async def transport(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body())

    client = httpx.AsyncClient(transport=httpx.MockTransport(transport))
    http = ToolHttp(client, ADDRESS, {}, FreeBudget(), tool="GitLab", sleep=no_sleep)
    with pytest.raises(SideBusy):
        await whole(http.download("/f"))
