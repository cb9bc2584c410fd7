"""What the environment decides about addresses of tools."""

import httpx
import pytest

from app.house import build_house
from app.settings import Settings
from app.tools.addresses import AddressRefused


@pytest.mark.parametrize("environment", ["production", "development"])
def test_this_machine_is_no_address_of_a_tool_in_production(
    settings: Settings, http: httpx.AsyncClient, environment: str
) -> None:
    house = build_house(settings.model_copy(update={"app_env": environment}), http)
    rule = house.address_rule
    if environment == "development":
        assert rule.normalised("http://localhost:2991") == "http://localhost:2991"
    else:
        for address in ("http://localhost:2991", "https://localhost", "https://127.0.0.1"):
            with pytest.raises(AddressRefused):
                rule.normalised(address)
