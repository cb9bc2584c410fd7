"""What every entry of the catalogue has to hold."""

import re

import httpx
import pytest

from app.access import Tool
from app.tools.addresses import AddressRule
from app.tools.catalogue import CATALOGUE, ToolEntry

ENTRIES = [pytest.param(entry, id=entry.tool.value) for entry in CATALOGUE.values()]
SECRET = "s3cretS3cret"


def _credentials(entry: ToolEntry) -> dict[str, str]:
    return {field.name: SECRET for field in entry.credentials}


def test_every_tool_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(Tool)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_probe_carries_the_credentials_in_headers_and_never_in_its_address(
    entry: ToolEntry,
) -> None:
    sent = entry.probe.headers(_credentials(entry))
    assert sent != entry.probe.headers(dict.fromkeys(_credentials(entry), "other"))
    address = (entry.address or entry.address_example) + entry.probe.path
    assert SECRET not in address
    assert SECRET.encode() not in entry.probe.content
    httpx.Request(entry.probe.method, address, headers=sent)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_credential_field_counts(entry: ToolEntry) -> None:
    usual = entry.probe.headers(_credentials(entry))
    for field in entry.credentials:
        assert entry.probe.headers(_credentials(entry) | {field.name: "other"}) != usual


@pytest.mark.parametrize("entry", ENTRIES)
def test_examples_are_what_the_rules_accept(entry: ToolEntry) -> None:
    assert entry.place.pattern.fullmatch(entry.place.example)
    address = entry.address or entry.address_example
    assert AddressRule().normalised(address) == address


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\n", "\x00", "", "a\x7f"])
def test_no_credential_can_end_a_header(entry: ToolEntry, value: str) -> None:
    assert not any(field.pattern.fullmatch(value) for field in entry.credentials)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_secret_is_hidden_while_it_is_typed_and_says_where_to_get_it(
    entry: ToolEntry,
) -> None:
    secrets = [field for field in entry.credentials if field.kind == "secret"]
    assert secrets
    assert all(re.search(r"\w{3}", field.help) for field in secrets)
