"""What every route declares: the proof it accepts and the action it is about."""

from typing import Any

from starlette.requests import Request

from app.access import TABLE, Action, require
from app.house import house_of
from app.identity.visit import Proof, Visit


class Guard:
    """A dependency that lets a proven caller in, as far as the caller alone decides.

    Where the action is about a thing, the route fetches it and calls ``visit.require(thing)``.
    """

    def __init__(self, proof: Proof, action: Action) -> None:
        self.proof = proof
        self.action = action
        self._decides_alone = not TABLE[action].needs_a_thing

    async def __call__(self, request: Request) -> Visit:
        house = house_of(request)
        if self.proof is Proof.TOKEN:
            visit = await house.token_door.enter(request, self.action)
        else:
            visit = await house.doors.enter(request, self.proof, self.action)
        request.state.visit = visit
        require(visit.caller, Action.OPEN_APP)
        if self._decides_alone:
            visit.require()
        return visit


def page(action: Action) -> Any:
    """For the addresses that Jira frames: proof by page token."""
    return Guard(Proof.PAGE, action)


def context(action: Action) -> Any:
    """For the inside of the app: proof by context token, or outside of Jira by session."""
    return Guard(Proof.CONTEXT, action)


def api(action: Action) -> Any:
    """For what programs ask for: proof by a personal access token."""
    return Guard(Proof.TOKEN, action)


def session(action: Action) -> Any:
    """For what only people who signed in here have, such as a password: proof by session."""
    return Guard(Proof.SESSION, action)
