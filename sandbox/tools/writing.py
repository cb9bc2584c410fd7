"""A text in blocks, written as GitLab's Markdown or as the HTML of Azure DevOps."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Block:
    """`text` has Markdown's inline marks, but for `code`; `rows` are list items or table rows.

    Kinds: p, h2, h3, ul, ol, tasks (rows of mark and text), code (`more` is the language), table
    (the first row is its head), quote, image (`more` is its address), note, details (`more` is
    the summary), rule.
    """

    kind: str
    text: str = ""
    more: str = ""
    rows: Sequence[Sequence[str]] = ()


_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\*([^*]+)\*"), r"<i>\1</i>"),
    (re.compile(r"~~([^~]+)~~"), r"<strike>\1</strike>"),
    (re.compile(r"\[([^\]]+)\]\(([^)]+)\)"), r'<a href="\2">\1</a>'),
)


def to_markdown(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_markdown(block) for block in blocks)


def to_html(blocks: Sequence[Block]) -> str:
    return "".join(_html(block) for block in blocks)


def _markdown(block: Block) -> str:
    rows = block.rows
    writers: dict[str, Callable[[], str]] = {
        "ul": lambda: "\n".join(f"- {row[0]}" for row in rows),
        "ol": lambda: "\n".join(f"{number}. {row[0]}" for number, row in enumerate(rows, 1)),
        "tasks": lambda: "\n".join(f"- [{row[0]}] {row[1]}" for row in rows),
        "table": lambda: _markdown_table(rows),
        "code": lambda: f"```{block.more}\n{block.text}\n```",
        "image": lambda: f"![{block.text}]({block.more})",
        "details": lambda: (
            f"<details>\n<summary>{block.more}</summary>\n\n{block.text}\n\n</details>"
        ),
        "rule": lambda: "---",
    }
    return writers.get(block.kind, lambda: _SIGNS.get(block.kind, "") + block.text)()


_SIGNS = {"h2": "## ", "h3": "### ", "quote": "> ", "note": "> [!note]\n> "}


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _html(block: Block) -> str:
    text, more = block.text, escape(block.more)
    writers: dict[str, Callable[[], str]] = {
        "p": lambda: f"<div>{_inline(text)} </div>",
        "ul": lambda: _html_list("ul", [row[0] for row in block.rows]),
        "ol": lambda: _html_list("ol", [row[0] for row in block.rows]),
        "tasks": lambda: _html_list("ul", [f"{_BOXES[row[0]]} {row[1]}" for row in block.rows]),
        "table": lambda: _html_table(block.rows),
        "code": lambda: f'<pre><code class="language-{more}">{escape(text)}</code></pre>',
        "image": lambda: f'<div><img src="{more}" alt="{escape(text)}"><br></div>',
        "details": lambda: f"<div><b>{more}</b> </div><div>{_inline(text)} </div>",
        "rule": lambda: "<hr>",
        "quote": lambda: f"<blockquote>{_inline(text)}</blockquote>",
        "note": lambda: f"<blockquote>{_inline(text)}</blockquote>",
    }
    return writers.get(block.kind, lambda: f"<{block.kind}>{_inline(text)} </{block.kind}>")()


_BOXES = {"x": "☑", " ": "☐"}


def _html_list(tag: str, items: Sequence[str]) -> str:
    return f"<{tag}>{''.join(f'<li>{_inline(item)} </li>' for item in items)}</{tag}>"


def _html_table(rows: Sequence[Sequence[str]]) -> str:
    written = "".join(
        f"<tr>{''.join(f'<td>{_inline(cell)}<br></td>' for cell in row)}</tr>" for row in rows
    )
    return f'<table style="border-collapse:collapse;"><tbody>{written}</tbody></table>'


@functools.lru_cache(4096)
def _inline(text: str) -> str:
    written = escape(text, quote=False)
    for pattern, tag in _INLINE:
        written = pattern.sub(tag, written)
    return written.replace("\n", "<br>")
