"""Writes a line of the tree in Markdown, so that every parser of it reads the same line again."""

import re
import string
from dataclasses import dataclass
from typing import Final

from app.sync.richtext.markdown_rules import MENTION, NO_MENTION_AFTER
from app.sync.richtext.printing import escaped, quoted
from app.sync.richtext.runs import nested
from app.sync.richtext.tree import Run

_SIGN_OF: Final = {"strong": "**", "em": "_", "s": "~~"}
_TAG_OF: Final = {
    "strong": "strong",
    "em": "em",
    "s": "del",
    "u": "ins",
    "sub": "sub",
    "sup": "sup",
}

_ENTITY = re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]*;)")
_OTHER_SPACE = re.compile(r"[^\S \n]")
_SPECIAL = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~]|$)      # would escape what follows
    | [`\[\]]                        # code, links
    | (?<![ ])\*|\*(?![ ]|$)|^\*     # emphasis; but not a lone star
    | (?<![^\W_])_|_(?![^\W_])       # emphasis; but not within a word
    | (?<![ ])~|~(?=[~ ]|$)|^~
    | <(?=[A-Za-z/!?]|$)
    | !(?=$)                         # a link may follow
    | (?<!\w)@(?=\w|$)               # people are not called by accident
    """,
    re.VERBOSE,
)
_LIVE = re.compile(r"(\[\^[A-Za-z0-9\-]{1,100}\])(?!\()")
_BLOCK_START = re.compile(
    r"""(?P<before>\d{1,9})(?=[.)](?:\s|$))
    | (?=>|\#{1,6}(?:\s|$)|[-+](?:\s|$)|-{2,}\s*$|=+\s*$|:\s|[\s|:\-]+$)
    """,
    re.VERBOSE,
)
_GOES_ON = re.compile(r"[\w.\-/]")
_TICKS = re.compile(r"`+")
_CLOSING_HASHES = re.compile(r"#(?=#*$)")
_EDGES_IN_URL = frozenset("()&*_`[]!~|$'")


@dataclass(slots=True)
class _Piece:
    """Part of a line; where ``sign`` is set, one end of a mark, in one of two spellings."""

    text: str
    sign: str = ""
    tag: str = ""
    opens: bool = False
    partner: int = -1
    mention: str = ""


def write_line(runs: tuple[Run, ...], line_break: str = "\\\n") -> str:
    """The runs in Markdown; lines of it begin no block."""
    pieces = _pieces(runs, line_break)
    _choose_spellings(pieces)
    lines = "".join(piece.text for piece in pieces).split("\n")
    return "\n".join(_not_a_block(line) for line in lines)


def write_heading(runs: tuple[Run, ...]) -> str:
    """The runs on one line, with no hashes at the end that would be taken for its frame."""
    return _CLOSING_HASHES.sub(r"\#", write_line(runs, "<br>"), count=1)


def _not_a_block(line: str) -> str:
    found = _BLOCK_START.match(line)
    if not found:
        return line
    at = len(found["before"] or "")
    return f"{line[:at]}\\{line[at:]}"


def _pieces(runs: tuple[Run, ...], line_break: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    opened: list[int] = []
    for what, detail in nested(runs):
        if isinstance(detail, Run):
            pieces.append(_run(detail, line_break))
        elif what == "open":
            opened.append(len(pieces))
            pieces.append(_opening(detail))
        else:
            start = opened.pop()
            if _is_bare_link(detail, pieces[start + 1 :]):
                pieces[start:] = [_Piece(f"<{detail[2:]}>")]
            else:
                pieces.append(_closing(detail, start))
                pieces[start].partner = len(pieces) - 1
    return pieces


def _opening(mark: str) -> _Piece:
    if mark.startswith("a:"):
        return _Piece("[")
    tag = _TAG_OF[mark]
    return _Piece(f"<{tag}>", _SIGN_OF.get(mark, ""), tag, opens=True)


def _closing(mark: str, partner: int) -> _Piece:
    if mark.startswith("a:"):
        return _Piece(f"]({_destination(mark[2:])})", partner=partner)
    tag = _TAG_OF[mark]
    return _Piece(f"</{tag}>", _SIGN_OF.get(mark, ""), tag, partner=partner)


def _is_bare_link(mark: str, inside: list[_Piece]) -> bool:
    if not mark.startswith("a:") or len(inside) != 1:
        return False
    address = mark[2:]
    bare = address.startswith(("http://", "https://")) and not _ENTITY.search(address)
    return bare and inside[0].text == _text(address)


def _destination(address: str) -> str:
    address = _ENTITY.sub(r"\\&", address)
    return f"<{address}>" if _EDGES_IN_URL & set(address) or not address else address


def _run(run: Run, line_break: str) -> _Piece:
    if run.is_break:
        return _Piece(line_break)
    if run.src is not None:
        return _Piece(f"![{_text(run.text)}]({_destination(run.src)})")
    if run.mention is not None:
        return _Piece("@" + run.mention.removeprefix("gitlab:"), mention=run.mention)
    if "code" in run.marks:
        return _Piece(code_span(run.text))
    return _Piece(_text(run.text))


def code_span(text: str) -> str:
    """Code in a line, between as many ticks as it needs."""
    ticks = "`" * (1 + max((len(found) for found in _TICKS.findall(text)), default=0))
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def _text(text: str) -> str:
    parts = _LIVE.split(text)  # footnotes stay what they are
    return "".join(part if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    text = _ENTITY.sub(r"\\&", text)
    return _OTHER_SPACE.sub(lambda found: f"&#{ord(found[0])};", text)


def _choose_spellings(pieces: list[_Piece]) -> None:
    """``**`` where Markdown takes it for what it is between its neighbours, else ``<strong>``."""
    for index, piece in enumerate(pieces):
        if piece.mention:
            piece.text = _mention(piece, _before(pieces, index), _after(pieces, index))
        elif piece.opens and piece.sign and piece.partner >= 0:
            end = piece.partner
            if _can_open(_before(pieces, index), _after(pieces, index)) and _can_close(
                _before(pieces, end), _after(pieces, end)
            ):
                piece.text = pieces[end].text = piece.sign


def _mention(piece: _Piece, before: str, after: str) -> str:
    name = piece.text
    stands_alone = not NO_MENTION_AFTER.match(before) and not _GOES_ON.match(after)
    if stands_alone and MENTION.fullmatch(name):
        return name
    return f"<span data-mention={quoted(piece.mention)}>{escaped(name)}</span>"


def _before(pieces: list[_Piece], index: int) -> str:
    return pieces[index - 1].text[-1:] if index else ""


def _after(pieces: list[_Piece], index: int) -> str:
    return pieces[index + 1].text[:1] if index + 1 < len(pieces) else ""


def _can_open(before: str, after: str) -> bool:
    """Stricter than CommonMark, whose parsers differ in what they hold for punctuation."""
    return _is_edge(before) and _is_inside(after)


def _can_close(before: str, after: str) -> bool:
    return _is_inside(before) and _is_edge(after)


def _is_edge(character: str) -> bool:
    return not character or character.isspace() or character in string.punctuation


def _is_inside(character: str) -> bool:
    return character.isalnum() or (character != "" and character in string.punctuation)
