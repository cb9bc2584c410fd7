"""Reads a body of JSON into a Pydantic model, once whoever sent it has proved who they are.

FastAPI would read a body before it asks for proof, so this is a dependency that comes after it.
"""

from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from app.api.problems import UnsupportedMedia
from app.errors import InvalidInput, TooLarge

M = TypeVar("M", bound=BaseModel)
JSON = "application/json"
WRONG = "Something in the body cannot be used."
MOST_BYTES = 256 * 1024
_MOST_TOLD, _LONGEST_TOLD = 20, 200


class Body(BaseModel):
    """The base of all that is sent: what is not named is refused, and secrets are not trimmed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class sent(Generic[M]):  # noqa: N801 - reads as what it asks for
    """The body as ``model``; ``InvalidInput`` says what is wrong with which member.

    The only way to read a body here: nothing else limits how long it is.
    """

    def __init__(self, model: type[M], most_bytes: int = MOST_BYTES) -> None:
        self.model = model
        self._most_bytes = most_bytes

    async def __call__(self, request: Request) -> M:
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != JSON:
            raise UnsupportedMedia(f"Send {JSON}.")
        raw = request.state.sent = await self._read(request)
        try:
            return self.model.model_validate_json(raw, strict=True)
        except ValidationError as error:
            raise InvalidInput(WRONG, fields=told(error)) from None

    async def _read(self, request: Request) -> bytes:
        raw = bytearray()
        async for part in request.stream():
            raw += part
            if len(raw) > self._most_bytes:
                raise TooLarge(f"At most {self._most_bytes // 1024} KB are read here.")
        return bytes(raw)


def told(error: ValidationError) -> dict[str, str]:
    """What is wrong, by the place in the body; never what was sent there."""
    found = error.errors(include_url=False, include_input=False)[:_MOST_TOLD]
    return {_place(item["loc"]): _words(item) for item in found}


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in steps)[:_LONGEST_TOLD] or "body"


def _words(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")
