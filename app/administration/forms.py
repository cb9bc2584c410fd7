"""What the forms of administration send. A field that is not named here is refused."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from app.administration.emails import email_of
from app.administration.users import Level
from app.integrations.schemas import LONGEST_NAME, ON_ONE_LINE
from app.signing_in.passwords import LONGEST

_STRIPPED = StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)
Name = Annotated[str, _STRIPPED, ON_ONE_LINE]
_EMPTY = SecretStr("")


def _is_address(text: str) -> str:
    email_of(text)
    return text


class _Form(BaseModel):
    # Nothing is stripped but names: a password is what was typed.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class EditedUser(_Form):
    name: Annotated[Name, Field(title="A name")]
    email: Annotated[str, Field(title="An e-mail address"), AfterValidator(_is_address)]


class NewUser(EditedUser):
    """``way``: how they come to a password."""

    way: Annotated[Literal["invitation", "password"], Field(title="A way")] = "invitation"
    password: Annotated[SecretStr, Field(title="A password", max_length=LONGEST)] = _EMPTY


class GivenAccess(_Form):
    workspace_id: Annotated[UUID, Field(title="A workspace")]
    level: Annotated[Level, Field(title="A level")]


class PasswordReset(_Form):
    second_factor_too: bool = False


class Deletion(_Form):
    """``taker`` is the account that takes over; ``q`` is a search, not kept."""

    taker: Annotated[str, Field(max_length=140, title="A person")] = ""
    q: Annotated[str, Field(max_length=200, title="The search"), ON_ONE_LINE] = ""


class NamedWorkspace(_Form):
    name: Annotated[Name, Field(title="A name")]


class Move(_Form):
    workspace_id: Annotated[UUID, Field(title="A workspace")]


class ChosenProject(_Form):
    """``project_q`` is a search, not kept."""

    project_id: Annotated[str, Field(pattern=r"^[0-9]{1,18}$", title="A Jira project")]
    project_q: Annotated[str, Field(max_length=200, title="The search"), ON_ONE_LINE] = ""
