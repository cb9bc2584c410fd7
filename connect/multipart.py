"""A file as a form's only part (RFC 7578), streamed: httpx knows this for open files alone."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FilePart:
    """``size`` is in bytes and has to be what ``content`` yields; it can be sent once."""

    name: str
    media_type: str
    size: int
    content: AsyncIterator[bytes]
    part: str = "file"
    _boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def headers(self) -> dict[str, str]:
        """What the request has to say of its body."""
        length = len(self._head) + self.size + len(self._tail)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length),
        }

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        async for piece in self.content:
            yield piece
        yield self._tail

    @property
    def _head(self) -> bytes:
        kind = self.media_type if self.media_type.isprintable() else "application/octet-stream"
        return (
            f"--{self._boundary}\r\n"
            f'Content-Disposition: form-data; name="{self.part}"; filename="{_named(self.name)}"'
            f"\r\nContent-Type: {kind}\r\n\r\n"
        ).encode()

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


def _named(name: str) -> str:
    """As browsers write it: UTF-8, with what would end the header escaped."""
    cleaned = "".join(sign for sign in name if sign.isprintable())
    return cleaned.encode("utf-8", "replace").decode().replace('"', "%22")
