"""The kind of route that writes refusals into the audit trail, whoever refused."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.access import Refused
from app.house import House
from app.identity.visit import Visit


class AuditedRoute(APIRoute):
    """Notes a refusal before it is answered."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, with the trail around it."""
        handle = super().get_route_handler()

        async def audited(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as refused:
                visit: Visit | None = getattr(request.state, "visit", None)
                if visit is not None:
                    house: House = request.app.state.house
                    await house.refusals.note(visit, refused.decision, request.path_params)
                raise

        return audited
