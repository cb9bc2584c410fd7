"""Who stands under whom, kept by the engine between a Jira site and tools that have parents."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest

from app.access import Tool
from app.house import House
from app.sync.sides import Sides, open_sides
from app.tools.items import Draft, Item, Values
from app.tools.side import NO_PARENT
from sandbox.azure.main import create_app as create_azure
from sandbox.azure.seed import PAYMENTS, TOKEN, fresh_azure
from sandbox.main import create_app as create_jira
from sandbox.running import Sandbox
from sandbox.seed_issues import seed_first_site
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN, fresh_other_site
from tests.servers import free_port, serving
from tests.sync.kept_kit import LABELLED, Far, Kept, keep


def azure() -> Iterator[Far]:
    """An Azure DevOps with nothing in it."""
    port = free_port()
    program = create_azure(fresh_azure(f"http://localhost:{port}", 0))
    with serving(program, port) as address:
        types = (("Epic", "Epic"), ("Task", "User Story"))
        yield Far(Tool.AZURE, f"{address}/acme", PAYMENTS, {"token": TOKEN}, types)


def other_jira() -> Iterator[Far]:
    """Another company's Jira with nothing in it."""
    port = free_port()
    site = fresh_other_site(f"http://localhost:{port}")
    program = create_jira(site, app_http=httpx.AsyncClient(), close_http=True)
    with serving(program, port) as address:
        types = (("Epic", "Epic"), ("Task", "Task"))
        proof = {"email": OLGA_EMAIL, "token": OLGA_TOKEN}
        yield Far(Tool.JIRA, address, "ENG", proof, types)


@pytest.fixture(params=[azure, other_jira])
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    yield from request.param()


@pytest.fixture
async def kept(configured: Sandbox, house: House, far: Far) -> Kept:
    seed_first_site(configured.site)  # its workflow is learnt from what is there
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    return await keep(house, facts, far)


@pytest.fixture
async def sides(kept: Kept) -> AsyncIterator[Sides]:
    """Both sides, as people's hands."""
    async with open_sides(kept.house, kept.facts, kept.integration) as found:
        yield found


async def made(sides: Sides, item_type: str, title: str, parent: str | None = None) -> Item:
    values: Values = {**LABELLED, "title": title}
    return await sides.jira.create(Draft(item_type, values, mark=uuid4(), parent=parent))


async def there(sides: Sides) -> dict[str, Item]:
    """What the tool has, by title."""
    items = (await sides.tool.changes(None, "")).items
    return {str(item.values["title"]): item for item in items}


async def test_a_child_goes_under_its_parent_follows_it_both_ways_and_is_let_go(
    kept: Kept, sides: Sides
) -> None:
    child = await made(sides, "Task", "child")
    first, second = [await made(sides, "Epic", title) for title in ("first", "second")]
    await sides.jira.update(child.id, {}, first.id)
    outcome = await kept.run()
    assert outcome.kind == "finished", outcome.reason
    assert (kept.last.created, kept.last.failed) == (3, 0)
    copies = await there(sides)
    assert copies["child"].parent == copies["first"].id

    await sides.tool.update(copies["child"].id, {}, copies["second"].id)
    await kept.run()
    moved = await sides.jira.read(child.id)
    assert moved is not None
    assert moved.parent == second.id

    await sides.jira.update(child.id, {}, NO_PARENT)
    await kept.run()
    assert (await there(sides))["child"].parent is None
    assert kept.last.failed == 0


async def test_what_is_made_under_a_parent_in_the_tool_is_made_under_it_in_jira(
    kept: Kept, sides: Sides, far: Far
) -> None:
    epic = await made(sides, "Epic", "epic")
    await kept.run()
    copy = (await there(sides))["epic"]
    child_type = far.types[1][1]
    values: Values = {**LABELLED, "title": "child"}
    await sides.tool.create(Draft(child_type, values, mark=uuid4(), parent=copy.id))
    await kept.run()
    found = (await sides.jira.changes(None, "labels = payday AND issuetype = Task")).items
    assert [item.parent for item in found] == [epic.id]
