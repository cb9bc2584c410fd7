"""One way of writing each line: spaces, marks and bare addresses, brought into order.

Two tools show the same line and yet store it differently (where a bold word ends, how many
spaces follow it). Compared in this form, they are equal.
"""

import re
from collections.abc import Iterable, Iterator

from app.sync.richtext.characters import BARE_ADDRESS, end_of_address, tidy_address
from app.sync.richtext.tree import BREAK, MARKS, Run

_MANY = re.compile(" {2,}")


def tidy(raw: Iterable[Run]) -> tuple[Run, ...]:
    """The line as it is always written; empty where it shows nothing.

    The only white space in ``raw`` is the space, and what no tool collapses (no-break spaces).
    """
    runs = list(_joined(raw))
    if len(runs) == 1 and _is_tidy(runs[0]):  # most lines by far
        return (runs[0],)
    return tuple(_joined(_linked(_joined(_spaced(runs)))))


def _is_tidy(run: Run) -> bool:
    text = run.text
    return run.joins and text == text.strip() != "" and "  " not in text and "://" not in text


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Neighbours with equal marks become one."""
    same: list[Run] = []
    for run in runs:
        if same and not _goes_with(same[-1], run):
            yield _one(same)
            same = []
        same.append(run)
    if same:
        yield _one(same)


def _goes_with(left: Run, right: Run) -> bool:
    return left.joins and right.joins and (left.marks, left.href) == (right.marks, right.href)


def _one(same: list[Run]) -> Run:
    return same[0]._replace(text="".join(run.text for run in same)) if len(same) > 1 else same[0]


def _spaced(runs: Iterable[Run]) -> list[Run]:
    """Single spaces, none at the ends of a line, and only under marks that go on after them."""
    out: list[Run] = []
    gap: Run | None = None
    for run in runs:
        if run.is_break:
            gap = None
            if out:
                out.append(BREAK)
            continue
        text = run.text if run.src is not None else run.text.strip(" ")
        if run.src is None and run.text.startswith(" "):
            gap = _shared(gap, run)
        if not text and run.src is None:
            continue
        if gap is not None and out and not out[-1].is_break:
            out.append(_space(out[-1], gap, run))
        gap = run if run.src is None and run.text.endswith(" ") else None
        out.append(run._replace(text=text if "code" in run.marks else _MANY.sub(" ", text)))
    return _trimmed(out)


def _shared(left: Run | None, right: Run) -> Run:
    if left is None:
        return right
    return Run(
        " ",
        left.marks & right.marks,
        left.href if left.href == right.href else None,
    )


def _space(left: Run, gap: Run, right: Run) -> Run:
    space = _shared(_shared(left, gap), right)
    return space._replace(marks=space.marks - {"code"})


def _trimmed(runs: list[Run]) -> list[Run]:
    first, last = 0, len(runs)
    while first < last and _shows_nothing(runs[first]):
        first += 1
    while last > first and _shows_nothing(runs[last - 1]):
        last -= 1
    kept = runs[first:last]
    if kept and kept[0].src is None:
        kept[0] = kept[0]._replace(text=kept[0].text.lstrip())
    if kept and kept[-1].src is None:
        kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip())
    return kept


def _shows_nothing(run: Run) -> bool:
    return run.src is None and not run.text.strip()


def _linked(runs: Iterable[Run]) -> Iterator[Run]:
    """Bare addresses become links, as every tool shows them."""
    for run in runs:
        if run.href is None and run.joins and "code" not in run.marks and "://" in run.text:
            yield from _with_links(run)
        else:
            yield run


def _with_links(run: Run) -> Iterator[Run]:
    done = 0
    for found in BARE_ADDRESS.finditer(run.text):
        start, end = found.start(), found.start() + end_of_address(found[0])
        if end - start <= len("https://"):
            continue
        if start > done:
            yield run._replace(text=run.text[done:start])
        address = run.text[start:end]
        yield run._replace(text=address, href=tidy_address(address))
        done = end
    if done < len(run.text):
        yield run._replace(text=run.text[done:])


def nested(runs: tuple[Run, ...]) -> Iterator[tuple[str, str | Run]]:
    """``("open", mark)``, ``("run", run)`` and ``("close", mark)``, well nested.

    A link is the mark ``a:`` and its address; code is no mark here, as nothing goes inside it.
    """
    keys = [_keys(run) for run in runs]
    ends = _ends(keys)
    stack: list[str] = []
    for index, run in enumerate(runs):
        depth = next((at for at, key in enumerate(stack) if key not in keys[index]), len(stack))
        while len(stack) > depth:
            yield "close", stack.pop()
        missing = [key for key in keys[index] if key not in stack]
        for key in sorted(missing, key=lambda key: (-ends[index][key], _order(key))):
            stack.append(key)
            yield "open", key
        yield "run", run
    while stack:
        yield "close", stack.pop()


def _keys(run: Run) -> frozenset[str]:
    marks = run.marks - {"code"}
    return marks | {"a:" + run.href} if run.href is not None else marks


def _ends(keys: list[frozenset[str]]) -> list[dict[str, int]]:
    """For each run and key, the index of the last neighbour that still has the key."""
    ends: list[dict[str, int]] = []
    after: dict[str, int] = {}
    for index in range(len(keys) - 1, -1, -1):
        after = {key: after.get(key, index) for key in keys[index]}
        ends.append(after)
    return ends[::-1]


def _order(key: str) -> int:
    return -1 if key.startswith("a:") else MARKS.index(key)
