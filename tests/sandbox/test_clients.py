"""Clients that nobody here wrote work against the second site over a socket."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import jira
import pytest
from atlassian import Jira

from sandbox.main import create_app
from sandbox.seed_other import OLGA, OLGA_EMAIL, OLGA_TOKEN, fresh_other_site, seed_other_site
from sandbox.seed_texts import document, paragraph
from tests.servers import free_port, serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    site = fresh_other_site(f"http://localhost:{port}")
    seed_other_site(site)
    app = create_app(site, app_http=httpx.AsyncClient(), close_http=True)
    with serving(app, port) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    opened = jira.JIRA(
        url,
        options={"rest_api_version": "3"},
        basic_auth=(OLGA_EMAIL, OLGA_TOKEN),
        max_retries=0,
    )
    yield opened
    opened.close()


def text(words: str) -> dict[str, Any]:
    return document(paragraph(words))


def test_jira_creates_searches_comments_transitions_and_attaches(client: Any) -> None:
    issue = client.create_issue(
        project="DEMO",
        summary="From pycontribs' jira ✓",
        description=text("Größe"),
        issuetype={"name": "Task"},
        labels=["from-jira"],
    )
    assert client.myself()["accountId"] == OLGA
    found = client.enhanced_search_issues("project = DEMO AND labels = from-jira", fields="*all")
    assert [each.key for each in found] == [issue.key]
    assert found[0].fields.reporter.accountId == OLGA
    issue.update(summary="Changed", priority={"name": "High"})
    client.add_comment(issue, text("A comment"))
    assert [each.raw["body"] for each in client.comments(issue)] == [text("A comment")]
    for name in ("Start progress", "Send to review"):
        client.transition_issue(issue, name)
    client.transition_issue(issue, "Finish", fields={"resolution": {"name": "Done"}})
    client.add_attachment(issue, io.BytesIO(b"bytes"), filename="größe.txt")
    issue = client.issue(issue.key)
    assert (issue.fields.summary, issue.fields.status.name) == ("Changed", "Done")
    assert issue.fields.attachment[0].get() == b"bytes"
    client.add_simple_link(issue, {"url": "https://x.example", "title": "X"})
    assert client.remote_links(issue)[0].object.title == "X"
    client.add_issue_property(issue, "mark", {"id": 1})
    assert client.issue_property(issue, "mark").value.id == 1
    with pytest.raises(jira.JIRAError, match="cannot be set"):
        issue.update(fields={"bogus": 1})
    issue.delete()


def test_jira_reads_a_whole_project_page_by_page(client: Any) -> None:
    found = client.enhanced_search_issues(
        "project = ENG ORDER BY updated ASC", maxResults=0, fields=["updated"]
    )
    assert len(found) == 160
    times = [each.fields.updated for each in found]
    assert times == sorted(times)


def test_atlassian_python_api_creates_searches_comments_and_transitions(url: str) -> None:
    client = Jira(url, username=OLGA_EMAIL, password=OLGA_TOKEN, cloud=True, api_version="3")
    fields = {"project": {"key": "DEMO"}, "issuetype": {"name": "Task"}, "summary": "From a. p. a."}
    made = client.create_issue(fields)
    assert client.issue_add_comment(made["key"], text("Hello"))["body"] == text("Hello")
    client.set_issue_status_by_transition_id(made["key"], "21")
    assert client.get_issue_status(made["key"]) == "In Progress"
    client.update_issue_field(made["key"], {"labels": ["a"]})
    found = client.enhanced_jql("labels = a AND project = DEMO", fields="summary")
    assert [each["key"] for each in found["issues"]] == [made["key"]]
    client.edit_issue(made["key"], {"summary": [{"set": "Edited"}]})
    assert client.issue_field_value(made["key"], "summary") == "Edited"
    client.delete_issue(made["key"])
    client.close()
