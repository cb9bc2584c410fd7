"""What the environment decides about addresses of tools."""

from types import SimpleNamespace
from typing import Literal, cast

import pytest
from starlette.requests import Request

from app.integrations.tool_access import address_rule
from app.settings import Settings
from app.tools.addresses import AddressRefused


@pytest.mark.parametrize("environment", ["production", "development"])
def test_this_machine_is_no_address_of_a_tool_in_production(
    settings: Settings, environment: Literal["production", "development"]
) -> None:
    house = SimpleNamespace(settings=settings.model_copy(update={"app_env": environment}))
    app = SimpleNamespace(state=SimpleNamespace(house=house))
    rule = address_rule(cast("Request", SimpleNamespace(app=app)))
    if environment == "development":
        assert rule.normalised("http://localhost:2991") == "http://localhost:2991"
    else:
        for address in ("http://localhost:2991", "https://localhost", "https://127.0.0.1"):
            with pytest.raises(AddressRefused):
                rule.normalised(address)
