"""The pages of issues: what a person sees, changes, and is refused; nothing unsafe on the way."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.issues.models import Attachment, Issue
from sandbox.main import create_app
from sandbox.pages.rich_text import html_of
from sandbox.seed import ALICE, GIA, NORA
from sandbox.seed_issues import seed_first_site
from sandbox.seed_other import OLGA, fresh_other_site
from sandbox.seed_texts import bullets, document, paragraph, text
from sandbox.site import SITE_USERS
from tests.sandbox.conftest import World

NEW = {"issuetype": "10002", "priority": "3", "summary": "A task"}
KEYS = re.compile(r'class="cell-key"><a href="/browse/([A-Z]+-\d+)"')
BUTTONS = re.compile(r'<button title="To [^"]*">([^<]*)</button>')


async def look(world: World, path: str, form: Any = None, who: str = NORA) -> httpx.Response:
    """Open a page, or send a form to it."""
    headers = {"Accept": "text/html", "Cookie": f"sandbox_person={who}"}
    method = "GET" if form is None else "POST"
    return await world.http.request(method, path, headers=headers, data=form)


def issue(world: World, key: str = "PAY-1") -> Issue:
    found = world.sandbox.site.issues.find(key)
    assert found is not None
    return found


def add(world: World, **fields: Any) -> Issue:
    whole = {"summary": "A task", "issuetype": "10002", "status": "10000", "priority": "3"}
    return world.sandbox.site.issues.add((10001, "PAY"), {**whole, **fields}, ALICE)


@pytest.fixture
async def listening(world: World) -> AsyncIterator[World]:
    """The stub hears of what people do."""
    events = ("jira:issue_created", "jira:issue_updated", "comment_created")
    hooks = [{"event": event, "url": "/lifecycle/hook"} for event in events]
    world.sandbox.host.addon.descriptor["modules"]["webhooks"] = hooks
    world.stub.told.clear()
    yield world
    await world.sandbox.webhooks.close()


async def test_what_a_person_does_leaves_as_webhooks_in_their_name(listening: World) -> None:
    world = listening
    made = await look(world, "/projects/PAY/issues/new", {**NEW, "description": "One\r\nTwo"})
    assert made.headers["location"].endswith("/browse/PAY-1")
    shown = {"shown_summary": "A task", "shown_labels": ""}
    await look(world, "/browse/PAY-1/edit", {**shown, "summary": "Other", "labels": "a b"})
    await look(world, "/browse/PAY-1/comment", {"comment": "Hello"})
    await look(world, "/browse/PAY-1/transition", {"id": "21"})
    await world.sandbox.webhooks.idle()
    told = [(each.body["webhookEvent"], each.body.get("user")) for each in world.stub.told]
    names = ["jira:issue_created", "jira:issue_updated", "comment_created", "jira:issue_updated"]
    assert [name for name, _ in told] == names
    assert {user["accountId"] for _, user in told if user} == {NORA}
    changed = issue(world)
    assert changed.fields["description"] == document(paragraph("One"), paragraph("Two"))
    assert (changed.fields["summary"], changed.fields["labels"]) == ("Other", ["a", "b"])
    assert [each.author for each in changed.comments] == [NORA]
    assert (changed.creator, changed.fields["status"]) == (NORA, "3")


async def test_the_list_has_the_last_changed_first_in_pages_and_finds_words(world: World) -> None:
    seed_first_site(world.sandbox.site)
    add(world, summary="Quite <b>new</b>")
    first = (await look(world, "/projects/PAY/issues")).text
    assert KEYS.findall(first)[0] == "PAY-221"
    assert len(KEYS.findall(first)) == 50
    assert "Quite &lt;b&gt;new" in first
    last = KEYS.findall((await look(world, "/projects/PAY/issues?page=5")).text)
    assert last[-1] == "PAY-1"
    assert KEYS.findall((await look(world, "/projects/PAY/issues?page=99")).text) == last
    found = await look(world, "/projects/PAY/issues?text=QUITE+task")
    assert KEYS.findall(found.text) == ["PAY-221"]
    none = await look(world, "/projects/PAY/issues?text=%3Cscript%3E")
    assert "O&#39;Brien" in none.text
    assert "<script>" not in none.text.replace('<script type="module"', "")


async def test_each_issue_of_the_seed_can_be_opened(world: World) -> None:
    seed_first_site(world.sandbox.site)
    for number in range(1, 61):
        answer = await look(world, f"/browse/PAY-{number}")
        assert answer.status_code == 200
        assert (await look(world, f"/browse/PAY-{number}/edit")).status_code == 200


async def test_buttons_are_the_transitions_that_are_possible_now(world: World) -> None:
    add(world)
    assert BUTTONS.findall((await look(world, "/browse/PAY-1")).text) == ["Start progress"]
    for chosen in ("21", "31"):
        assert (await look(world, "/browse/PAY-1/transition", {"id": chosen})).status_code == 303
    page = (await look(world, "/browse/PAY-1")).text
    assert BUTTONS.findall(page) == ["Back to the list", "Request changes", "Finish"]
    assert 'name="resolution"' in page
    late = await look(world, "/browse/PAY-1/transition", {"id": "21"})
    assert (late.status_code, 'role="alert"' in late.text) == (400, True)
    await look(world, "/browse/PAY-1/transition", {"id": "41", "resolution": "10002"})
    assert (issue(world).fields["status"], issue(world).fields["resolution"]) == ("10002", "10002")


async def test_only_what_a_person_changed_is_written(world: World) -> None:
    rich = document(paragraph(text("Bold", "strong")), bullets("one", "two"))
    opened = add(world, description=rich)
    page = (await look(world, "/browse/PAY-1/edit")).text
    assert "has formatting" in page
    # Meanwhile an integration brings another summary.
    changes = [{"field": "summary", "fieldId": "summary"}]
    world.sandbox.site.issues.change(opened, {"summary": "From elsewhere"}, ALICE, changes)
    plain = "Bold\r\none\r\n\r\ntwo"
    form = {"summary": "A task", "description": plain, "priority": "1", "labels": ""}
    shown = {"summary": "A task", "description": plain, "priority": "3", "labels": ""}
    sent = {**form, **{f"shown_{name}": value for name, value in shown.items()}}
    assert (await look(world, "/browse/PAY-1/edit", sent)).status_code == 303
    fields = issue(world).fields
    assert (fields["summary"], fields["priority"]) == ("From elsewhere", "1")
    assert fields["description"] == rich
    before = world.sandbox.site.issues.version
    await look(world, "/browse/PAY-1/edit", {k: v for k, v in sent.items() if k != "priority"})
    assert world.sandbox.site.issues.version == before


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("summary", "x" * 256, "255 characters"),
        ("description", "x" * 32_768, "32,767"),
        ("labels", "x" * 256, "255"),
        ("priority", "99", "Specify the Priority"),
        ("assignee", "nobody", "does not exist"),
    ],
)
async def test_a_refusal_is_told_at_its_field_and_keeps_what_was_typed(
    world: World, field: str, value: str, reason: str
) -> None:
    for path in ("/projects/PAY/issues/new", "/browse/PAY-1/edit"):
        add(world)
        before = world.sandbox.site.issues.version
        form = {**NEW, "labels": "kept-label", field: value}
        answer = await look(world, path, form)
        assert answer.status_code == 400
        told = re.search(f'id="wrong-{field}">([^<]*)<', answer.text)
        assert told is not None
        assert reason in told[1]
        assert f'aria-describedby="wrong-{field}"' in answer.text
        assert field == "labels" or "kept-label" in answer.text
        assert world.sandbox.site.issues.version == before


async def test_an_empty_comment_is_refused(world: World) -> None:
    add(world)
    answer = await look(world, "/browse/PAY-1/comment", {"comment": "  \r\n"})
    assert answer.status_code == 400
    assert "can not be empty" in answer.text
    assert issue(world).comments == ()


async def test_who_has_no_access_to_jira_sees_and_changes_nothing(world: World) -> None:
    add(world, summary="Our secret")
    world.sandbox.site.remove_member(SITE_USERS, GIA)
    before = world.sandbox.site.issues.version
    asked: list[tuple[str, Any, int]] = [
        ("/projects/PAY/issues", None, 403),
        ("/projects/PAY/issues/new", NEW, 403),
        ("/browse/PAY-1", None, 404),
        ("/browse/PAY-1/edit", {"summary": "Mine"}, 404),
        ("/browse/PAY-1/comment", {"comment": "Hello"}, 404),
        ("/browse/PAY-1/transition", {"id": "21"}, 404),
    ]
    for path, form, status in asked:
        answer = await look(world, path, form, GIA)
        assert (answer.status_code, "Our secret" in answer.text) == (status, False)
    assert world.sandbox.site.issues.version == before


async def test_the_limit_of_writes_to_an_issue_holds_for_people_too(world: World) -> None:
    add(world)
    world.sandbox.quota.limited = True
    answers = [await look(world, "/browse/PAY-1/comment", {"comment": "x"}) for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {303}
    assert answers[20].status_code == 429


async def test_the_other_jira_has_its_own_look_and_its_own_login() -> None:
    site = fresh_other_site("http://localhost:2991")
    app = create_app(site, app_http=httpx.AsyncClient())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=site.base_url) as http:
        # A browser sends the first site's cookie as well: ports do not part cookies.
        http.cookies.set("sandbox_person", ALICE)
        assert f"/be/{OLGA}?next=/projects/SUP/issues/new" in (
            await http.get("/projects/SUP/issues/new", follow_redirects=True)
        ).text.replace("%2F", "/")
        await http.get(f"/be/{OLGA}")
        assert http.cookies["sandbox_person"] == ALICE
        page = (await http.get("/projects/SUP/issues/new")).text
        assert "Partner Jira" in page
        assert "Olga Other" in page
        bug = {"issuetype": "10003", "summary": "A bug", "priority": "3"}
        refused = await http.post("/projects/SUP/issues/new", data=bug)
        assert "Severity is required." in refused.text
        made = await http.post(
            "/projects/SUP/issues/new", data={**bug, "customfield_10030": "Major"}
        )
        assert made.headers["location"] == "http://localhost:2991/browse/SUP-1"


class Reading(HTMLParser):
    """Every element and attribute that a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def named(names: str) -> set[str]:
    return set(names.split())


TAGS = named(
    "a br p pre code hr ul ol li h2 h3 h4 h5 h6 blockquote strong em s u sub sup span div table "
    "tr td th img details summary time figure figcaption"
)
ATTRIBUTES = named("class dir href rel src alt start colspan rowspan role aria-label tabindex")
NASTY = st.sampled_from(
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        '"><script>alert(1)</script>',
        "https://x.test/' onmouseover='alert(1)",
        "//evil.test",
        "http://[",
        "</p><img src=x onerror=alert(1)>",
    ]
)
VALUES: st.SearchStrategy[Any] = NASTY | st.text(max_size=12) | st.integers() | st.none()
KINDS = st.sampled_from(
    sorted(
        named(
            "text paragraph heading codeBlock orderedList bulletList listItem taskList taskItem "
            "panel expand table tableRow tableCell tableHeader mediaSingle media mention emoji "
            "status date inlineCard rule hardBreak blockquote unknown"
        )
    )
)
NAMES = ("href", "url", "text", "level", "order", "panelType", "title", "id", "alt", "timestamp")
ATTRS = st.fixed_dictionaries({}, optional={**dict.fromkeys(NAMES, VALUES), "colspan": VALUES})
MARKS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["link", "strong", "subsup", "textColor"]), "attrs": ATTRS}
    ),
    max_size=2,
)
NODES: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries({"type": KINDS, "attrs": ATTRS, "text": NASTY, "marks": MARKS}),
    lambda inner: st.fixed_dictionaries(
        {"type": KINDS, "attrs": ATTRS, "content": st.lists(inner, max_size=3)}
    ),
    max_leaves=12,
)
FILE = Attachment(1, "https://x.test/", '"><script>.png', "image/png", 9, ALICE, 0)


@given(content=st.lists(NODES, max_size=4))
def test_no_document_brings_anything_but_text_and_plain_elements(content: list[Any]) -> None:
    page = html_of({"type": "doc", "version": 1, "content": content}, [FILE])
    reading = Reading()
    reading.feed(page)
    assert reading.tags <= TAGS
    assert {name for name, _ in reading.attributes} <= ATTRIBUTES
    for name, value in reading.attributes:
        if name == "href":
            assert value.startswith(("http://", "https://", "mailto:")), value
        if name == "src":
            assert value.startswith("/sandbox/media/file/"), value
