"""A text that one side is too small for: an excerpt is there, and the whole is never lost."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from app.access import Tool
from app.database import Database
from app.settings import Settings
from app.sync.kept import as_kept_by
from app.sync.richtext import JIRA_LIMIT, normal, text_length
from app.sync.rooms import Room, rooms_of
from app.tools.items import FieldKind
from tests.sync.kit import Pair

ROOM = 300
LONG = "".join(f"<p>{number} {'word ' * 12}</p>" for number in range(20))


@pytest.fixture
async def pair(settings: Settings, superuser: psycopg.Connection) -> AsyncIterator[Pair]:
    """An integration of its own, with a Jira that takes short texts only."""
    database = Database(settings)
    made = Pair(database, superuser)
    made.rooms = {"jira": Room(ROOM, text_length)}
    yield made
    await database.close()


async def excerpted(pair: Pair) -> tuple[str, str]:
    """An item whose text is too long for Jira; its ids there and here."""
    tool_id = pair.tool.put(title="t", description=normal(LONG))
    await pair.settle()
    (jira_id,) = pair.jira.items
    return jira_id, tool_id


def text_of(pair: Pair, item_id: str) -> str:
    items = pair.jira.items | pair.tool.items
    return str(items[item_id].values["description"])


async def test_as_much_as_fits_is_there_with_a_line_that_leads_to_the_whole(pair: Pair) -> None:
    jira_id, tool_id = await excerpted(pair)
    excerpt = text_of(pair, jira_id)
    assert text_length(excerpt) <= ROOM
    assert excerpt.startswith("<p>0 word")
    assert f'href="{pair.tool.items[tool_id].url}"' in excerpt
    assert text_of(pair, tool_id) == normal(LONG)
    assert "shortened" in pair.log.events()


async def test_an_edit_of_the_excerpt_never_overwrites_the_whole(pair: Pair) -> None:
    jira_id, tool_id = await excerpted(pair)
    pair.jira.edit(jira_id, description="<p>cut off</p>", title="new")
    await pair.settle()
    assert text_of(pair, tool_id) == normal(LONG)
    assert pair.tool.items[tool_id].values["title"] == "new"
    assert "not overwritten" in pair.log.events()


@pytest.mark.parametrize("rule", ["jira", "tool", "latest"])
async def test_the_whole_wins_also_when_both_were_edited(
    settings: Settings, superuser: psycopg.Connection, rule: str
) -> None:
    database = Database(settings)
    pair = Pair(database, superuser, conflict_rule=rule)
    pair.rooms = {"jira": Room(ROOM, text_length)}
    jira_id, tool_id = await excerpted(pair)
    pair.tool.edit(tool_id, description=normal(f"<p>newer</p>{LONG}"))
    pair.jira.edit(jira_id, description="<p>cut off</p>")
    await pair.settle()
    assert text_of(pair, tool_id) == normal(f"<p>newer</p>{LONG}")
    assert text_of(pair, jira_id).startswith("<p>newer</p><p>0 word")
    await database.close()


async def test_once_it_fits_again_it_goes_both_ways_again(pair: Pair) -> None:
    jira_id, tool_id = await excerpted(pair)
    pair.tool.edit(tool_id, description="<p>short</p>")
    await pair.settle()
    assert text_of(pair, jira_id) == "<p>short</p>"
    pair.jira.edit(jira_id, description="<p>short and new</p>")
    await pair.settle()
    assert text_of(pair, tool_id) == "<p>short and new</p>"


async def test_a_long_comment_is_copied_as_far_as_it_fits(pair: Pair) -> None:
    jira_id, tool_id = await excerpted(pair)
    pair.tool.say(tool_id, "word " * 1000)
    await pair.settle()
    (copy,) = pair.jira.talk[jira_id].values()
    assert text_length(copy.body) <= ROOM
    assert pair.tool.items[tool_id].url in copy.body
    assert len(pair.tool.talk[tool_id]) == 1


@pytest.mark.parametrize("tool", [Tool.JIRA, Tool.GITLAB, Tool.AZURE])
def test_an_excerpt_comes_back_from_each_tool_as_it_was_given(tool: Tool, pair: Pair) -> None:
    item_id = pair.jira.put(title="t")
    rooms, as_kept = rooms_of(tool), as_kept_by(tool)
    long = normal("".join(f"<p>{number} \U0001f680 *word* word</p>" for number in range(2000)))
    assert not rooms.fits("jira", FieldKind.RICH, long)
    excerpt = rooms.fitted("jira", FieldKind.RICH, long, pair.jira.items[item_id])
    assert text_length(str(excerpt)) <= JIRA_LIMIT
    assert as_kept("jira", FieldKind.RICH, excerpt) == excerpt
    assert rooms.fits("tool", FieldKind.RICH, long) is (tool is not Tool.JIRA)
