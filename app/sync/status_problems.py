"""What will not work of a mapping's statuses, by the moves that a workflow allows. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from app.sync.kinds import in_words
from app.sync.pairings import back, there
from app.sync.rules import SideName, StatusRule
from app.sync.translate import CannotSay, typed
from app.sync.weighing import SIDES, Problem, Weighed, listed, named, opposite
from app.tools.items import FieldInfo


def status_problems(it: Weighed) -> Iterator[Problem]:
    """Of the pairs of statuses."""
    if not it.rules.statuses:
        return
    for side in SIDES:
        yield from _missing(it, side)
        if it.goes(it.rules.status_way, side):
            yield from _unsaid(it, side)
            yield from _out_of_reach(it, side)
            yield from _demanding(it, side)


def unreachable_from(moves: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """The statuses that surely no way of the workflow leads to from ``start``.

    None where a way leads to a status whose own moves are not known: it may lead anywhere.
    """
    everything = set(moves) | {status for ends in moves.values() for status in ends}
    seen, ahead = {start}, [start]
    while ahead:
        status = ahead.pop()
        if status not in moves:
            return set()
        ahead.extend(set(moves[status]) - seen)
        seen.update(moves[status])
    return everything - seen


def _missing(it: Weighed, side: SideName) -> Iterator[Problem]:
    known = set(it.type_on(side).statuses)
    gone = [status for status in _of(it, side) if status not in known]
    if gone:
        yield Problem(
            "statuses",
            f"{it.label_of(side)} has no status {listed(gone)} for this type.",
            "Edit the statuses and choose others.",
        )


def _unsaid(it: Weighed, to: SideName) -> Iterator[Problem]:
    source = opposite(to)
    said = {status.casefold() for status in _of(it, source)}
    without = [name for name in it.type_on(source).statuses if name.casefold() not in said]
    if without:
        yield Problem(
            "statuses",
            f"Statuses in {it.label_of(source)} without a counterpart: {listed(without)}.",
            "Edit the statuses. Until then items in them keep their status on the other side.",
            stops=False,
        )


def _out_of_reach(it: Weighed, side: SideName) -> Iterator[Problem]:
    """Targets that cannot be reached from other targets; an empty workflow allows any move."""
    its = it.type_on(side)
    if not its.moves:
        return
    targets = [status for status in _targets(it, side) if status in its.statuses]
    closed_to = {start: unreachable_from(its.moves, start) for start in targets}
    for target in targets:
        others = [start for start in targets if start != target]
        stuck = [start for start in others if target in closed_to[start]]
        if stuck:
            yield Problem(
                "statuses",
                f"No way of the workflow in {it.label_of(side)} leads to “{target}” "
                f"from {listed(stuck)}.",
                "Change the workflow or choose another status; items that are there stay as "
                "they are.",
                stops=len(stuck) == len(others),
            )


def _demanding(it: Weighed, side: SideName) -> Iterator[Problem]:
    """Fields that a move asks for and the mapping has no (possible) value for."""
    demanded = it.type_on(side).demanded
    for status in _targets(it, side):
        given = _given(it.rules.statuses, side, status)
        for field in demanded.get(status, ()):
            text = given.get(field.id, "").strip()
            if not text and field.id not in it.given(side):
                yield Problem(
                    "statuses",
                    f"{it.label_of(side)} demands “{field.label}” on the way to “{status}”.",
                    "Edit the statuses and enter what it gets.",
                )
            elif text and not _fits(field, text):
                yield Problem(
                    "statuses",
                    f"“{field.label}”, demanded on the way to “{status}”, takes "
                    f"{in_words(field.kind)}.",
                    "Edit the statuses and change its value.",
                )
            elif text and field.options and text not in field.options:
                yield Problem(
                    "statuses",
                    f"“{field.label}”, demanded on the way to “{status}”, has no choice "
                    f"{listed([text])}.",
                    "Edit the statuses and choose another.",
                )


def _fits(field: FieldInfo, text: str) -> bool:
    try:
        typed(field.kind, text)
    except CannotSay:
        return False
    return True


def _given(rules: Sequence[StatusRule], side: SideName, status: str) -> Mapping[str, str]:
    """What the engine will use: that of the first rule which has this status."""
    for rule in rules:
        if named(rule, side) == status:
            return rule.jira_demands if side == "jira" else rule.tool_demands
    return {}


def _of(it: Weighed, side: SideName) -> list[str]:
    return list(dict.fromkeys(named(rule, side) for rule in it.rules.statuses))


def _targets(it: Weighed, side: SideName) -> list[str]:
    """The statuses that items of this side may be moved into."""
    pairs = [(rule.jira, rule.tool) for rule in it.rules.statuses]
    said = there(pairs) if side == "tool" else back(pairs)
    return list(dict.fromkeys(said.values()))
