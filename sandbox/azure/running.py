"""The parts of one running organisation."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from sandbox.azure.state import AzureState
from sandbox.tools.standin import Standin


@dataclass(slots=True, kw_only=True)
class Azure(Standin):
    """An organisation and what can be done to it."""

    state: AzureState


def azure_of(request: Request) -> Azure:
    azure: Azure = request.app.state.standin
    return azure


Here = Annotated[Azure, Depends(azure_of)]
