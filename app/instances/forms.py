"""Reading small forms: what was sent, and what is wrong with it in a person's words."""

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.requests import Request


async def sent_fields(request: Request) -> dict[str, str]:
    """The texts of a urlencoded form; of a repeated name the last one."""
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def wrong_fields(error: ValidationError, words: Mapping[str, str]) -> dict[str, str]:
    """What to say at each field that did not validate."""
    names = {str(item["loc"][0]) for item in error.errors(include_input=False) if item["loc"]}
    return {name: words[name] for name in names if name in words}
