"""Reads a body of JSON into a Pydantic model, once whoever sent it has proved who they are.

FastAPI would read a body before it asks for proof, so this is a dependency that comes after it.
"""

from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from app.api.problems import UnsupportedMedia
from app.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)
JSON = "application/json"
_MOST_TOLD, _LONGEST_TOLD = 20, 200


class Body(BaseModel):
    """The base of all that is sent: what is not named is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class sent(Generic[M]):  # noqa: N801 - reads as what it asks for
    """The body as ``model``; ``InvalidInput`` says what is wrong with which member."""

    def __init__(self, model: type[M]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> M:
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != JSON:
            raise UnsupportedMedia(f"Send {JSON}.")
        return read_as(self.model, await request.body())


def read_as(model: type[M], raw: bytes) -> M:
    """JSON as ``model``. Raises ``InvalidInput``."""
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise InvalidInput("Something in the body cannot be used.", fields=told(error)) from None


def told(error: ValidationError) -> dict[str, str]:
    """What is wrong, by the place in the body; never what was sent there."""
    found = error.errors(include_url=False, include_input=False)[:_MOST_TOLD]
    return {_place(item["loc"]): _words(item) for item in found}


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in steps)[:_LONGEST_TOLD] or "body"


def _words(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")
