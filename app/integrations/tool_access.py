"""What stands between the app and a tool: the address rule and the client that keeps to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import Depends, Request

from app.house import house_of
from app.tools.addresses import AddressRefused, AddressRule, host_and_port
from app.tools.transport import Resolver

LONGEST_LOOKUP_S = 2.0


def address_rule(request: Request) -> AddressRule:
    """The operator's rule."""
    return house_of(request).address_rule


def lookup(request: Request) -> Resolver:
    """How names are looked up."""
    return house_of(request).look_up


Rule = Annotated[AddressRule, Depends(address_rule)]
Lookup = Annotated[Resolver, Depends(lookup)]


async def tool_client(request: Request) -> AsyncIterator[httpx.AsyncClient]:
    """A client that connects only where the rule allows."""
    async with house_of(request).tool_client() as client:
        yield client


ToolClient = Annotated[httpx.AsyncClient, Depends(tool_client)]


async def checked_address(rule: AddressRule, lookup: Resolver, text: str) -> str:
    """The address as it is stored, or ``AddressRefused``.

    A name that does not resolve now may be stored: it is checked again at every connect.
    """
    address = rule.normalised(text)
    host, port = host_and_port(address)
    try:
        async with asyncio.timeout(LONGEST_LOOKUP_S):
            found = await lookup(host, port)
    except (TimeoutError, OSError, UnicodeError):
        return address
    rule.check_resolved(host, port, found)
    return address


__all__ = [
    "AddressRefused",
    "Lookup",
    "Rule",
    "ToolClient",
    "checked_address",
]
