"""The body of a lifecycle call, read leniently: Atlassian adds and drops fields."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

EventType = Literal["installed", "uninstalled", "enabled", "disabled"]
_PLAIN = r"^[!-~]+$"  # printable ASCII without spaces
_Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_PLAIN)]
_Url = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=_PLAIN)]
# No database keeps NUL in a text, and no event is refused for a description.
_Text = Annotated[
    str, StringConstraints(max_length=4096), AfterValidator(lambda text: text.replace("\0", ""))
]
_Secret = Annotated[SecretStr, Field(min_length=16, max_length=128)]


class LifecycleEvent(BaseModel):
    """`installed`, `uninstalled`, `enabled` or `disabled`; camelCase in JSON.

    Only `key`, `clientKey` and `eventType` always come; `installed` brings `baseUrl` and
    `sharedSecret` besides. Unknown fields are ignored.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,  # a validation error would carry the secret
    )

    event_type: EventType
    key: _Identifier
    client_key: _Identifier
    base_url: _Url | None = None
    shared_secret: _Secret | None = None
    display_url: _Url | None = None
    display_url_servicedesk_help_center: _Text | None = None
    oauth_client_id: _Text | None = None
    product_type: _Text | None = None
    description: _Text | None = None
    service_entitlement_number: _Text | None = None
    entitlement_id: _Text | None = None
    entitlement_number: _Text | None = None
    installation_id: _Text | None = None
    cloud_id: _Text | None = None
    account_id: _Text | None = None

    @model_validator(mode="after")
    def _installed_is_whole(self) -> Self:
        if self.event_type == "installed" and (self.base_url is None or self.shared_secret is None):
            raise ValueError("installed needs baseUrl and sharedSecret")
        return self
