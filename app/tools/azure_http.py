"""Requests to one project in Azure DevOps, of the API's version that Getint speaks."""

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from app.tools.answers import Forbidden
from app.tools.http import Parameters, ToolHttp
from app.tools.side import ItemRejected

VERSION = "7.1"
COMMENTS_VERSION = "7.1-preview.4"
_NONE: Parameters = MappingProxyType({})


class AzureHttp:
    """Paths are relative to ``_apis`` of the project; each ``{}`` in them stands for a value."""

    def __init__(self, http: ToolHttp, project: str) -> None:
        self._http = http
        self.project = project

    @property
    def address(self) -> str:
        """Of the organisation."""
        return self._http.address

    async def get(self, path: str, *values: str, params: Parameters = _NONE) -> Any:
        """Read something."""
        answer = await self._http.ask("GET", self._path(path, values), params=_versioned(params))
        return answer.json

    async def get_of_project(self, path: str, *values: str, params: Parameters = _NONE) -> Any:
        """Read something of what is no work item: the project's teams."""
        start = f"/_apis/projects/{quoted(self.project)}/"
        answer = await self._http.ask(
            "GET", start + path.format(*map(quoted, values)), params=_versioned(params)
        )
        return answer.json

    async def find_anywhere(self, path: str, body: Any) -> Any:
        """A POST that only reads, in all projects."""
        answer = await self._http.ask(
            "POST", f"/_apis/{path}", params=_versioned(_NONE), json=body, writes=False
        )
        return answer.json

    async def find(self, path: str, body: Any, params: Parameters = _NONE) -> Any:
        """A POST that only reads."""
        answer = await self._http.ask(
            "POST", self._path(path, ()), params=_versioned(params), json=body, writes=False
        )
        return answer.json

    async def change(
        self, method: str, path: str, *values: str, body: Any = None, params: Parameters = _NONE
    ) -> Any:
        """Change something. A right that is missing is about this item alone."""
        kind = "application/json-patch+json" if isinstance(body, list) else "application/json"
        try:
            answer = await self._http.ask(
                method,
                self._path(path, values),
                params=_versioned(params),
                json=body,
                headers={"Content-Type": kind} if body is not None else None,
            )
        except Forbidden as error:
            raise ItemRejected(
                "Azure DevOps does not let Getint do this: the account lacks the right."
            ) from error
        return answer.json

    async def upload(self, name: str, size: int, content: AsyncIterator[bytes]) -> Any:
        """Send a file; it belongs to no item yet."""
        answer = await self._http.send_file(
            "POST",
            self._path("wit/attachments", ()),
            name=name,
            media_type="application/octet-stream",
            size=size,
            content=content,
            params=_versioned({"fileName": name}),
        )
        return answer.json

    def download(self, file_id: str, name: str) -> AsyncIterator[bytes]:
        """A file's bytes in pieces."""
        return self._http.download(
            self._path("wit/attachments/{}", (file_id,)),
            params=_versioned({"fileName": name, "download": True}),
        )

    def _path(self, path: str, values: tuple[str, ...]) -> str:
        return f"/{quoted(self.project)}/_apis/{path.format(*map(quoted, values))}"


def quoted(value: str) -> str:
    """A value as a part of a path."""
    return quote(value, safe="$")


def _versioned(params: Parameters) -> Parameters:
    return {"api-version": VERSION, **params}
