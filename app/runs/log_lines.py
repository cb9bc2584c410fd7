"""Lines of a run's log, and the form in which some of them are kept together."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import zstandard

LEVELS = ("debug", "info", "warning", "error")
LONGEST_VALUE = 50_000
"""How many characters of a message or of a value that moved are kept; longer than a Jira field."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened in a run.

    ``jira`` and ``tool`` are the keys of the item on both sides, as far as they are known;
    ``data`` is what moved, by field.
    """

    at: datetime
    level: str
    event: str
    message: str
    jira: str = ""
    tool: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> bytes:
        """The line as JSON, which has no line break within; ends with one."""
        shape = {
            "time": self.at.astimezone(UTC).isoformat(),
            "level": self.level,
            "event": self.event,
            "message": self.message,
            "jira": self.jira,
            "tool": self.tool,
            "data": dict(self.data),
        }
        # Tools may send halves of surrogate pairs, which UTF-8 can not hold.
        return json.dumps(shape, ensure_ascii=False).encode(errors="replace") + b"\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines somebody looks for: of this level or a graver one, and about this item."""

    level: str = "debug"
    item: str = ""

    def has(self, line: Line) -> bool:
        """Whether the line is looked for."""
        if LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        return not self.item or self.item.casefold() in {line.jira.casefold(), line.tool.casefold()}


ALL = Wanted()


def cut(text: str) -> str:
    """A text as far as a line keeps it."""
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}… ({len(text) - LONGEST_VALUE} characters are left out)"


def squeezed(lines: Iterable[bytes]) -> bytes:
    """Lines as JSON, made small."""
    return zstandard.ZstdCompressor().compress(b"".join(lines))


def unsqueezed(small: bytes) -> Sequence[Line]:
    """The lines again. Only for what was sealed by us: it is as large as it says."""
    # Not splitlines(): texts may hold signs that Unicode takes for line breaks.
    written = zstandard.ZstdDecompressor().decompress(small).split(b"\n")
    return [_line(json.loads(each)) for each in written if each]


def _line(shape: dict[str, Any]) -> Line:
    shape["at"] = datetime.fromisoformat(shape.pop("time"))
    return Line(**shape)
