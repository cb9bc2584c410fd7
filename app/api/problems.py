"""Problems that only programs meet, and how all of them are described."""

from typing import Any, ClassVar

from pydantic import BaseModel, Field

from app.errors import Problem

MEDIA_TYPE = "application/problem+json"


class UnsupportedMedia(Problem):
    """The body is not what is read here."""

    status: ClassVar[int] = 415
    slug: ClassVar[str] = "unsupported-media-type"
    default_title = "We can't read that kind of body"


class Stale(Problem):
    """It is not any more what the request says it looked at."""

    status: ClassVar[int] = 412
    slug: ClassVar[str] = "stale"
    default_title = "That has changed in the meantime"


class VersionNeeded(Problem):
    """Changing needs to say what was looked at."""

    status: ClassVar[int] = 428
    slug: ClassVar[str] = "version-needed"
    default_title = "Say which version you change"


class ProblemDetails(BaseModel):
    """Why something was not done (RFC 9457), in words for people and for programs."""

    type: str = Field(examples=["urn:getint:problem:refused"])
    title: str = Field(examples=["You can't do this"])
    status: int = Field(examples=[403])
    detail: str | None = Field(None, description="Why.", examples=["Only its owner can do this."])
    instance: str | None = Field(None, description="The id of the request, for support.")
    mend: str | None = Field(None, description="What to do about it.")
    reason: str | None = Field(
        None, description="Which rule refused it, for programs.", examples=["NOT_OWNER"]
    )
    needed: str | None = Field(None, description="What would make it a yes.")
    who: str | None = Field(None, description="Who can give what is needed.")
    fields: dict[str, str] | None = Field(None, description="What is wrong with which field.")


_DESCRIBED = {
    "401": "No token that is good now",
    "403": "Known, but not allowed: `reason`, `needed` and `who` say why",
    "404": "There is nothing, or it is not yours to know of",
    "422": "Something in the request cannot be used: `fields` says what",
    "429": "Too many requests: `Retry-After` says how long to wait",
    "503": "Neither yes nor no can be said now: `Retry-After` says when to ask again",
    "default": "Any other problem",
}


def described_problems() -> dict[int | str, dict[str, Any]]:
    """For the description of every address."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"description": words, "content": content} for status, words in _DESCRIBED.items()
    }
