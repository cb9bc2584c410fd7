"""The one workflow: To Do, In Progress, In Review, Done, and the ways between them."""

from dataclasses import dataclass

from sandbox.issues.catalogue import DONE, IN_PROGRESS, IN_REVIEW, TO_DO, Status


@dataclass(frozen=True, slots=True)
class Transition:
    """`required` and `optional` are the fields of its screen."""

    id: str
    name: str
    sources: tuple[Status, ...]
    target: Status
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def screen(self) -> tuple[str, ...]:
        return self.required + self.optional


TRANSITIONS = (
    Transition("11", "Back to the list", (IN_PROGRESS, IN_REVIEW), TO_DO),
    Transition("21", "Start progress", (TO_DO,), IN_PROGRESS),
    Transition("22", "Request changes", (IN_REVIEW,), IN_PROGRESS),
    Transition("31", "Send to review", (IN_PROGRESS,), IN_REVIEW, optional=("assignee",)),
    Transition("41", "Finish", (IN_REVIEW,), DONE, ("resolution",), ("assignee",)),
    Transition("51", "Reopen", (DONE,), TO_DO),
)


def available_from(status_id: str) -> list[Transition]:
    return [each for each in TRANSITIONS if status_id in {status.id for status in each.sources}]
