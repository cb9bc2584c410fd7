"""Lets a side put its own addresses and people into canonical HTML, and take them out again."""

from collections.abc import Callable, Iterable

from app.sync.richtext.characters import LINKED, SHOWN, scheme_of, tidy_address
from app.sync.richtext.html_reading import read_html
from app.sync.richtext.printing import canonical
from app.sync.richtext.runs import tidy
from app.sync.richtext.tree import Run, with_runs

Address = Callable[[str], str]
Person = Callable[[str, str], tuple[str, str]]


def rewritten(html: str, *, address: Address | None = None, person: Person | None = None) -> str:
    """The HTML with each address and person as these say.

    ``address`` gets the address of a link or image and gives the new one; one that may not be in
    canonical HTML changes nothing. ``person`` gets the id of who is mentioned, such as
    ``gitlab:jo``, and the name as shown, and gives both anew; an empty id leaves the name alone.
    """

    def change(runs: Iterable[Run]) -> tuple[Run, ...]:
        changed = (_with_person(_with_address(run, address), person) for run in runs)
        return tidy(run for run in changed if run.text or run.src is not None)

    blocks, _ = read_html(html)
    return canonical(read_html(canonical(with_runs(blocks, change)))[0])


def _with_address(run: Run, address: Address | None) -> Run:
    if address is None:
        return run
    if run.src is not None:
        run = run._replace(src=_allowed(address(run.src), SHOWN) or run.src)
    if run.href is not None:
        run = run._replace(href=_allowed(address(run.href), LINKED) or run.href)
    return run


def _allowed(address: str, schemes: frozenset[str]) -> str:
    address = tidy_address(address)
    return address if scheme_of(address) in schemes | {""} else ""


def _with_person(run: Run, person: Person | None) -> Run:
    if person is None or run.mention is None:
        return run
    known, name = person(run.mention, run.text)
    return run._replace(text=" ".join(name.split()), mention=known or None)
