"""What was entered wrongly, told by field as bodies are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.api.bodies import WRONG, told
from app.errors import InvalidInput
from app.integrations.editing import Mistake

F = TypeVar("F", bound=BaseModel)


@contextmanager
def told_by_field() -> Iterator[None]:
    """Turn a ``Mistake`` into ``InvalidInput``."""
    try:
        yield
    except Mistake as mistake:
        raise InvalidInput(WRONG, fields=dict([mistake.args])) from None


def read_form(form: type[F], values: Mapping[str, Any]) -> F:
    """Values as the form that pages fill in. Raises ``InvalidInput``."""
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(WRONG, fields=told(error)) from None


def require_no(errors: Mapping[str, str]) -> None:
    """Raise ``InvalidInput`` if there are errors, by the members of the body."""
    if errors:
        raise InvalidInput(WRONG, fields={_member(name): text for name, text in errors.items()})


def _member(name: str) -> str:
    """Credentials are fields of the form, and members of an object in a body."""
    return name.replace("credential_", "credentials.", 1) or "credentials"
