"""How a request to a Jira is proved and sent, and its failures in the words of `Side`."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NoReturn, Protocol
from urllib.parse import quote

from app.tools import answers
from app.tools.http import ToolHttp
from app.tools.jira_refusals import JiraRefused
from app.tools.side import AccessLost, ItemGone, ItemRejected, SideBusy, SideError, Unsure
from connect import (
    Busy,
    Call,
    FilePart,
    Forbidden,
    Gone,
    JiraError,
    JiraTransport,
    Rejected,
    Site,
    Unanswered,
    Unauthorized,
)

Query = Sequence[tuple[str, str]]
Method = Literal["POST", "PUT", "DELETE"]
MOST_BYTES = 32 * 1024 * 1024
UNREACHED_WAIT_S = 30.0
_ABOUT_A_FIELD = re.compile(r"([a-z][A-Za-z0-9_]{0,99}): (.+)", re.DOTALL).fullmatch


class JiraHttp(Protocol):
    """Requests to one Jira. ``endpoint`` is a path in which each ``{}`` stands for a value.

    All raise the kinds of ``SideError``; what Jira refuses is ``JiraRefused``.
    """

    @property
    def address(self) -> str:
        """Where people open this Jira, without a slash at the end."""

    async def get(self, endpoint: str, *values: str, query: Query = ()) -> Any:
        """Read something."""

    async def find(self, endpoint: str, body: dict[str, Any]) -> Any:
        """A POST that only reads."""

    async def change(
        self,
        method: Method,
        endpoint: str,
        *values: str,
        query: Query = (),
        body: dict[str, Any] | None = None,
    ) -> Any:
        """Change something; None where Jira answers nothing."""

    async def upload(self, endpoint: str, *values: str, file: FilePart) -> Any:
        """Send a file."""

    def download(self, endpoint: str, *values: str, query: Query = ()) -> AsyncIterator[bytes]:
        """A file's bytes in pieces."""


def path_of(endpoint: str, values: Sequence[str]) -> str:
    """The endpoint with its values in place."""
    return endpoint.format(*(quote(value, safe="") for value in values))


class ConnectHttp:
    """The Jira that installed the app, asked by the app itself; counted in the app's quota."""

    def __init__(self, transport: JiraTransport, site: Site) -> None:
        self._transport = transport
        self._site = site

    @property
    def address(self) -> str:
        return (self._site.display_url or self._site.base_url).rstrip("/")

    async def get(self, endpoint: str, *values: str, query: Query = ()) -> Any:
        return await self._read(Call(endpoint, path_of(endpoint, values), query))

    async def find(self, endpoint: str, body: dict[str, Any]) -> Any:
        return await self._read(Call(endpoint, endpoint, body=body, most_bytes=MOST_BYTES))

    async def change(
        self,
        method: Method,
        endpoint: str,
        *values: str,
        query: Query = (),
        body: dict[str, Any] | None = None,
    ) -> Any:
        path = path_of(endpoint, values)
        return await self._write(
            Call(endpoint, path, query, body=body, change=method, most_bytes=MOST_BYTES)
        )

    async def upload(self, endpoint: str, *values: str, file: FilePart) -> Any:
        return await self._write(
            Call(endpoint, path_of(endpoint, values), change="POST", file=file)
        )

    async def download(
        self, endpoint: str, *values: str, query: Query = ()
    ) -> AsyncIterator[bytes]:
        call = Call(endpoint, path_of(endpoint, values), query)
        try:
            self._transport.quota.check_background()
            async for piece in self._transport.download(self._site, call):
                yield piece
        except JiraError as error:
            _translated(error, is_change=False)

    async def _read(self, call: Call) -> Any:
        try:
            self._transport.quota.check_background()
            answer = await self._transport.read(self._site, call)
        except JiraError as error:
            _translated(error, is_change=False)
        self._transport.quota.add_points(self._site.client_key, _objects_in(answer))
        return answer

    async def _write(self, call: Call) -> Any:
        try:
            self._transport.quota.check_background()
            return await self._transport.write(self._site, call)
        except JiraError as error:
            _translated(error, is_change=True)


class TokenHttp:
    """Another Jira Cloud site, asked with an e-mail address and an API token."""

    def __init__(self, http: ToolHttp) -> None:
        self._http = http

    @property
    def address(self) -> str:
        return self._http.address

    async def get(self, endpoint: str, *values: str, query: Query = ()) -> Any:
        with _in_our_words(is_change=False):
            answer = await self._http.ask("GET", path_of(endpoint, values), params=dict(query))
        return answer.json

    async def find(self, endpoint: str, body: dict[str, Any]) -> Any:
        with _in_our_words(is_change=False):
            return (await self._http.ask("POST", endpoint, json=body, writes=False)).json

    async def change(
        self,
        method: Method,
        endpoint: str,
        *values: str,
        query: Query = (),
        body: dict[str, Any] | None = None,
    ) -> Any:
        path = path_of(endpoint, values)
        with _in_our_words(is_change=True):
            return (await self._http.ask(method, path, params=dict(query), json=body)).json

    async def upload(self, endpoint: str, *values: str, file: FilePart) -> Any:
        with _in_our_words(is_change=True):
            answer = await self._http.send_file(
                "POST",
                path_of(endpoint, values),
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                content=file.content,
                form_part=file.part,
                headers={"X-Atlassian-Token": "no-check"},
            )
        return answer.json

    async def download(
        self, endpoint: str, *values: str, query: Query = ()
    ) -> AsyncIterator[bytes]:
        with _in_our_words(is_change=False):
            async for piece in self._http.download(path_of(endpoint, values), params=dict(query)):
                yield piece


@contextmanager
def _in_our_words(*, is_change: bool) -> Iterator[None]:
    try:
        yield
    except answers.Rejected as error:
        parts = [part for part in error.reason.split("; ") if part]
        about = [found for part in parts if (found := _ABOUT_A_FIELD(part))]
        others = [part for part in parts if not _ABOUT_A_FIELD(part)]
        raise refused({found[1]: found[2] for found in about}, others) from error
    except answers.Forbidden as error:
        raise forbidden(is_change=is_change) from error
    except ItemGone as error:
        raise gone() from error


def _objects_in(answer: Any) -> int:
    """What Jira counts beside the call itself: one point for each thing that it answered."""
    if isinstance(answer, list):
        return len(answer)
    lists = [each for each in answer.values() if isinstance(each, list)] if answer else []
    return max((len(each) for each in lists), default=1)


def _translated(error: JiraError, *, is_change: bool) -> NoReturn:
    raise _as_side_error(error, is_change=is_change) from error


def _as_side_error(error: JiraError, *, is_change: bool) -> SideError:
    if isinstance(error, Busy):
        return SideBusy(str(error), error.retry_after)
    if isinstance(error, Rejected):
        return refused(error.fields, error.messages)
    if isinstance(error, Forbidden) and not isinstance(error, Unauthorized):
        return forbidden(is_change=is_change)
    for kind, worded in _WORDED:
        if isinstance(error, kind):
            return worded()
    return SideBusy("Jira did not answer.", UNREACHED_WAIT_S)


def refused(fields: Mapping[str, str], messages: Sequence[str]) -> JiraRefused:
    """400 and the like, with what Jira said."""
    told = "Jira did not take it, and did not say which field is to blame."
    return JiraRefused(told, fields, messages)


def gone() -> ItemGone:
    """404."""
    return ItemGone("Jira does not have it any more, or Getint may not see it.")


def unanswered() -> Unsure:
    """A change that may have happened."""
    return Unsure("Jira gave no answer, so it is not known whether it was done.")


def forbidden(*, is_change: bool) -> SideError:
    """403: of one item where something was to be changed, of everything where it was not."""
    if is_change:
        return ItemRejected(
            "Jira does not let Getint do this: it lacks the permission in this project."
        )
    return AccessLost("Jira does not let Getint read this: it lacks the permission.")


_WORDED: Sequence[tuple[type[JiraError], Callable[[], SideError]]] = (
    (
        Unauthorized,
        lambda: AccessLost("Jira does not let Getint in any more. Is the app still installed?"),
    ),
    (Gone, gone),
    (Unanswered, unanswered),
)
