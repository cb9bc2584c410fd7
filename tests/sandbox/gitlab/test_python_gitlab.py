"""python-gitlab, which knows nothing of the stand-in, works with it."""

import base64
from collections.abc import Iterator
from typing import Any

import gitlab as client
import pytest

from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import DEVELOPER_TOKEN, OWNER_TOKEN, READER_TOKEN
from sandbox.tools.faults import Fault, FaultKind

Live = tuple[str, GitLab]


@pytest.fixture
def project(live: Live) -> Iterator[Any]:
    with client.Gitlab(live[0], private_token=OWNER_TOKEN) as gitlab:
        yield gitlab.projects.get("acme/payments")


def test_who_one_is(live: Live) -> None:
    with client.Gitlab(live[0], oauth_token=OWNER_TOKEN) as gitlab:
        gitlab.auth()
        assert gitlab.user is not None
        assert gitlab.user.username == "getint-bot"
        assert gitlab.version()[0].startswith("18.")


def test_lists_come_page_by_page_whichever_way(project: Any) -> None:
    by_offset = [issue.iid for issue in project.issues.list(iterator=True, per_page=50)]
    assert by_offset == sorted(range(1, 121), reverse=True)
    by_keyset = project.issues.list(
        iterator=True, per_page=7, pagination="keyset", order_by="updated_at", sort="asc"
    )
    assert len({issue.iid for issue in by_keyset}) == 120
    page = project.issues.list(iterator=True, per_page=50)
    assert (page.total, page.total_pages, page.next_page) == (120, 3, 2)


def test_filters(project: Any) -> None:
    closed = project.issues.list(state="closed", get_all=True)
    assert closed
    assert all(issue.state == "closed" for issue in closed)
    latest = project.issues.list(order_by="updated_at", per_page=1, get_all=False)[0]
    since = project.issues.list(updated_after=latest.updated_at, get_all=True)
    assert [issue.iid for issue in since] == [latest.iid]
    assert {i.iid for i in project.issues.list(iids=[3, 5])} == {3, 5}
    for issue in project.issues.list(labels=["backend", "type::bug"], get_all=True):
        assert {"backend", "type::bug"} <= set(issue.labels)


def test_an_issue_lives(project: Any) -> None:
    issue = project.issues.create(
        {
            "title": "Ünïcode 🚀",
            "description": "a\n\n- [ ] b",
            "labels": ["new label", "backend"],
            "assignee_ids": [11],
            "due_date": "2026-12-24",
            "weight": 3,
            "created_at": "2020-01-02T03:04:05.678Z",
        }
    )
    assert issue.created_at == "2020-01-02T03:04:05.678Z"
    assert sorted(issue.labels) == ["backend", "new label"]
    assert "new label" in {label.name for label in project.labels.list(get_all=True)}
    issue.title = "Changed"
    issue.state_event = "close"
    issue.save()
    again = project.issues.get(issue.iid)
    assert (again.title, again.state, again.weight) == ("Changed", "closed", 3)
    assert again.closed_at == again.updated_at
    again.delete()
    with pytest.raises(client.GitlabGetError) as gone:
        project.issues.get(issue.iid)
    assert gone.value.response_code == 404


def test_notes_of_people_stand_among_those_of_gitlab(project: Any) -> None:
    issue = project.issues.create({"title": "Talk"})
    note = issue.notes.create({"body": "first **words**"})
    issue.notes.create({"body": "second"})
    issue.title = "Talk more"
    issue.save()
    note.body = "other words"
    note.save()
    notes = issue.notes.list(sort="asc", iterator=True, per_page=2)
    assert [(n.system, n.body) for n in notes] == [
        (False, "other words"),
        (False, "second"),
        (True, "changed title from **Talk** to **Talk more**"),
    ]
    note.delete()
    assert len(issue.notes.list(activity_filter="only_comments")) == 1


def test_a_file_goes_up_and_comes_back(project: Any) -> None:
    content = bytes(range(256)) * 5
    uploaded = project.upload("ümlaut 1.png", filedata=content)
    assert uploaded["markdown"] == f"![ümlaut 1]({uploaded['url']})"
    secret, name = uploaded["url"].split("/")[-2:]
    path = f"/projects/{project.id}/uploads/{secret}/{client.utils.EncodedId(name)}"
    answer = project.manager.gitlab.http_get(path, raw=True)
    assert answer.content == content


def test_people_labels_milestones_links_and_hooks(project: Any) -> None:
    members = {each.username: each for each in project.members_all.list(get_all=True)}
    assert members["zoe"].name.startswith("Zoë")
    found = project.manager.gitlab.users.list(search="zoe@example.com")
    assert [user.id for user in found] == [members["zoe"].id]
    assert project.manager.gitlab.users.list(search="gia@example.com") == []
    milestone = project.milestones.create({"title": "3.0"})
    assert milestone.id in {each.id for each in project.milestones.list()}
    first, second = project.issues.get(1), project.issues.get(2)
    first.links.create({"target_project_id": project.id, "target_issue_iid": 2})
    assert [link.iid for link in second.links.list()] == [1]
    first.links.delete(first.links.list()[0].issue_link_id)
    assert second.links.list() == []
    signing = "whsec_" + base64.b64encode(bytes(32)).decode()
    hook = project.hooks.create(
        {"url": "http://localhost:1/x", "token": "t", "signing_token": signing, "name": "n"}
    )
    assert {"token", "signing_token"}.isdisjoint(hook.attributes)
    assert (hook.name, hook.token_present, hook.signing_token_present) == ("n", True, True)
    hook.token = ""
    hook.save()
    assert not project.hooks.get(hook.id).token_present
    with pytest.raises(client.GitlabCreateError, match="whsec_"):
        project.hooks.create({"url": "http://localhost:1/x", "signing_token": "short"})
    hook.test("issues_events")
    hook.delete()
    assert project.hooks.list() == []


def test_a_narrow_token_only_reads(live: Live) -> None:
    with client.Gitlab(live[0], private_token=READER_TOKEN) as gitlab:
        project = gitlab.projects.get(101)
        with pytest.raises(client.GitlabCreateError) as refused:
            project.issues.create({"title": "no"})
    assert refused.value.response_code == 403
    stranger = client.Gitlab(live[0], private_token="wrong")
    with stranger, pytest.raises(client.GitlabAuthenticationError):
        stranger.auth()


def test_a_developer_sets_no_dates_and_deletes_nothing(live: Live) -> None:
    with client.Gitlab(live[0], private_token=DEVELOPER_TOKEN) as gitlab:
        project = gitlab.projects.get(101)
        issue = project.issues.create({"title": "mine", "created_at": "2020-01-01T00:00:00Z"})
        assert not issue.created_at.startswith("2020")
        with pytest.raises(client.GitlabDeleteError) as refused:
            issue.delete()
    assert refused.value.response_code == 403


def test_the_client_waits_when_told_to(live: Live, project: Any) -> None:
    fault = Fault(FaultKind.RATE_LIMIT, path="*/issues/1", remaining=1, retry_after=0)
    live[1].faults.add(fault)
    assert project.issues.get(1).iid == 1
    live[1].limit.calls = 0
    with pytest.raises(client.GitlabGetError) as refused:
        project.issues.get(1, obey_rate_limit=False)
    assert refused.value.response_code == 429
