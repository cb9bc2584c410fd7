"""What the queue hands to the engine for one slice of a run, and what it is told at its end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.instances.facts import InstanceFacts


@dataclass(frozen=True, slots=True)
class Turn:
    """One slice of a run, which only this worker works on as long as it lasts.

    ``is_time_up`` is asked after each page: true after about 20 s, or when the worker has to leave.
    """

    instance_id: UUID
    integration_id: UUID
    run_id: UUID
    is_time_up: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class SliceOutcome:
    """How a slice ended. ``reason`` is a sentence for people, without content or secret.

    ``finished``: nothing is left; a reason says what was not done all the same. ``more``: go on
    when it is this run's turn again. ``wait``: go on in ``wait_s`` seconds. ``held``: somebody has
    to do something; tried again every few minutes. ``failed``: it can not go on. A run that was
    paused or cancelled meanwhile stays so, whatever
    the outcome says.
    """

    kind: Literal["finished", "more", "wait", "held", "failed"]
    reason: str = ""
    wait_s: float = 0.0


FINISHED = SliceOutcome("finished")
MORE = SliceOutcome("more")


def wait(wait_s: float, reason: str = "") -> SliceOutcome:
    """Go on in ``wait_s`` seconds, such as a tool's Retry-After."""
    return SliceOutcome("wait", reason, wait_s)


def held(reason: str) -> SliceOutcome:
    """Somebody has to do something first, such as enter new credentials."""
    return SliceOutcome("held", reason)


def failed(reason: str) -> SliceOutcome:
    """The run can not go on; the next one begins where it stopped."""
    return SliceOutcome("failed", reason)


Engine = Callable[[InstanceFacts, Turn], Awaitable[SliceOutcome]]
"""Works for one slice. Everything it has done is committed when it returns or is cut off."""
