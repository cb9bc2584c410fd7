"""People and files that the other side does not have, as words."""

from collections.abc import Iterable, Iterator

from app.sync.richtext.characters import attachment_name
from app.sync.richtext.notes import Notes
from app.sync.richtext.runs import tidy
from app.sync.richtext.tree import Blocks, Run, with_runs

_SPACE = Run(" ")


def without_strangers(blocks: Blocks, side: str, tool: str, notes: Notes) -> Blocks:
    """The blocks as a tool can know them; ``side`` is how its people are marked."""

    def change(runs: Iterable[Run]) -> tuple[Run, ...]:
        return tidy(known for run in runs for known in _known(run, side, tool, notes))

    return with_runs(blocks, change)


def _known(run: Run, side: str, tool: str, notes: Notes) -> Iterator[Run]:
    name = attachment_name(run.src) if run.src is not None else None
    if name is not None:
        notes.add(f"A file that is not at {tool} is kept by its name.")
        yield from named(run, run.text or name)
    elif run.mention is not None and not run.mention.startswith(f"{side}:"):
        notes.add(f"A person whom {tool} does not know is mentioned by name alone.")
        yield run._replace(mention=None)
    else:
        yield run


def named(image: Run, name: str, address: str | None = None) -> tuple[Run, ...]:
    """The name of an image in its place, apart from the words around it."""
    return _SPACE, Run(name, href=image.href or address), _SPACE
