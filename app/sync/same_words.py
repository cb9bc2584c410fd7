"""What different tools call the same, as data; and how near two names are. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

Groups = tuple[frozenset[str], ...]


@lru_cache(16_384)
def plain(name: str) -> str:
    """A name without what spelling makes of it: ``To Do``, ``to-do`` and ``todo`` are one."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _groups(*lines: str) -> Groups:
    return tuple(frozenset(line.split()) for line in lines)


# From a type of Jira's to what is nearest to it elsewhere, nearest first.
TYPES: dict[str, Sequence[str]] = {
    name: line.split()
    for name, line in {
        "bug": "bug defect issue incident problem ticket workitem task",
        "defect": "defect bug issue incident problem ticket workitem task",
        "story": "story userstory productbacklogitem requirement feature issue workitem task",
        "userstory": "userstory story productbacklogitem requirement feature issue workitem task",
        "task": "task issue workitem todo ticket",
        "issue": "issue task workitem ticket bug",
        "workitem": "workitem issue task ticket",
        "epic": "epic feature initiative",
        "feature": "feature newfeature userstory story requirement enhancement issue workitem task",
        "newfeature": "feature newfeature userstory story requirement issue workitem task",
        "improvement": "improvement enhancement feature userstory story issue workitem task",
        "incident": "incident problem issue bug ticket workitem task",
        "problem": "problem incident issue bug ticket workitem task",
        "subtask": "subtask task childitem",
        "servicerequest": "servicerequest request ticket case issue workitem task",
    }.items()
}
FIELDS = _groups(
    "title summary name subject shortdescription",
    "description details body content notes",
    "priority urgency importance",
    "severity impact",
    "labels label tags tag",
    "duedate due dueon dueby deadline targetdate finishdate enddate",
    "startdate start starton plannedstart",
    "assignee assignedto owner responsible",
    "reporter createdby author creator requester requestedby raisedby",
    "storypoints storypointestimate points weight effort size",
    "environment systeminfo",
    "components component area category",
    "fixversions fixversion milestone release iteration",
    "acceptancecriteria definitionofdone",
)
STATUSES = _groups(
    "todo open opened new created backlog proposed selectedfordevelopment ready approved planned",
    "reopened",
    "inprogress doing active started committed workinprogress implementing development",
    "inreview review testing intest qa verify verification",
    "blocked onhold waiting pending waitingforsupport waitingforcustomer",
    "done closed resolved completed complete finished fixed released",
    "cancelled canceled rejected removed declined wontdo wontfix duplicate obsolete",
)
_STAGES = (0, 0, 1, 1, 1, 2, 2)
_STAGE_WORDS: Sequence[tuple[int, Iterable[str]]] = (
    (2, ("done", "close", "resolve", "complete", "cancel", "reject", "wont")),
    (1, ("progress", "doing", "review", "test", "wait", "block", "hold", "develop")),
    (0, ("todo", "open", "new", "backlog", "ready", "plan")),
)
PRIORITIES = _groups(
    "highest blocker critical urgent immediate veryhigh 1 p1 1critical",
    "high major important 2 p2 2high",
    "medium normal moderate default 3 p3 3moderate",
    "low minor 4 p4 4low",
    "lowest trivial verylow 5 p5 5planning",
)
ENDINGS = {
    True: ("wontdo", "wontfix", "declined", "cancelled", "rejected", "duplicate"),
    False: ("done", "fixed", "resolved", "completed", "complete"),
}
"""What fields such as a resolution say of an item that was given up (true) or finished."""


@lru_cache(16_384)
def group_of(groups: Groups, name: str) -> int | None:
    """The number of the group that has this name."""
    wanted = plain(name)
    return next((number for number, group in enumerate(groups) if wanted in group), None)


def stage_of(status: str) -> int:
    """0 for what nobody began, 2 for what is over, 1 for all between and all that is unknown."""
    group = group_of(STATUSES, status)
    if group is not None:
        return _STAGES[group]
    name = plain(status)
    return next((stage for stage, words in _STAGE_WORDS if any(it in name for it in words)), 1)


def is_given_up(status: str) -> bool:
    """Whether items in this status ended without having been done."""
    return group_of(STATUSES, status) == len(STATUSES) - 1
