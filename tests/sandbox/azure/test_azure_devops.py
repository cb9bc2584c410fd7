"""azure-devops, Microsoft's own client, which knows nothing of the stand-in, works with it."""

from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sandbox.azure.running import Azure
from sandbox.azure.seed import TOKEN
from sandbox.tools.faults import Fault, FaultKind

Live = tuple[str, Azure]
BATCH = 200


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """It keeps what it learnt of servers in the home folder of who imports it; not in ours."""
    monkeypatch.setenv("AZURE_DEVOPS_CACHE_DIR", str(tmp_path))
    from azure.devops.v7_1.work_item_tracking import models

    found: ModuleType = models
    return found


def connection(url: str, token: str = TOKEN) -> Any:
    from azure.devops.connection import Connection
    from msrest.authentication import BasicAuthentication

    return Connection(base_url=url, creds=BasicAuthentication("", token))


@pytest.fixture
def client(live: Live, models: ModuleType) -> Any:
    found = connection(live[0]).clients_v7_1.get_work_item_tracking_client()
    found.config.retry_policy.policy.total = 0
    return found


def patch(models: ModuleType, **values: Any) -> list[Any]:
    return [
        models.JsonPatchOperation(op="add", path=f"/fields/{name.replace('__', '.')}", value=value)
        for name, value in values.items()
    ]


def test_projects_and_people(live: Live, models: ModuleType) -> None:
    clients = connection(live[0]).clients_v7_1
    projects = clients.get_core_client().get_projects()
    assert [project.name for project in projects] == ["Payments", "Website"]
    assert clients.get_core_client().get_project("payments").state == "wellFormed"


def test_a_query_names_the_items_that_a_batch_reads(client: Any, models: ModuleType) -> None:
    context = models.TeamContext(project="Payments")
    wiql = models.Wiql(
        query="SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project "
        "AND [System.ChangedDate] >= '2026-01-01T00:00:00.000Z' ORDER BY [System.ChangedDate] ASC"
    )
    found = client.query_by_wiql(wiql, context, time_precision=True)
    ids = [each.id for each in found.work_items]
    assert len(ids) == 260
    batch = models.WorkItemBatchGetRequest(ids=ids[:BATCH], expand="all", error_policy="omit")
    items = client.get_work_items_batch(batch)
    assert [item.id for item in items] == ids[:BATCH]
    changed = [datetime.fromisoformat(item.fields["System.ChangedDate"]) for item in items]
    assert changed == sorted(changed)
    assert any(item.relations for item in items)


def test_a_work_item_lives(client: Any, models: ModuleType) -> None:
    document = patch(
        models,
        System__Title="Ünïcode 🚀",
        System__AssignedTo="zoe@example.com",
        System__Tags="b; a",
        Microsoft__VSTS__TCM__ReproSteps="<div>a<script>x</script></div>",
    )
    made = client.create_work_item(document, "Payments", "Bug")
    assert made.rev == 1
    assert made.fields["System.State"] == "New"
    assert made.fields["System.AssignedTo"]["uniqueName"] == "zoe@example.com"
    assert made.fields["System.Tags"] == "a; b"
    assert made.fields["Microsoft.VSTS.TCM.ReproSteps"] == "<div>a</div>"
    test = models.JsonPatchOperation(op="test", path="/rev", value=1)
    moved = client.update_work_item([test, *patch(models, System__State="Active")], made.id)
    assert (moved.rev, moved.fields["System.State"]) == (2, "Active")
    with pytest.raises(Exception, match="VS403351"):
        client.update_work_item([test, *patch(models, System__Title="late")], made.id)
    updates = client.get_updates(made.id)
    assert updates[1].fields["System.State"].new_value == "Active"
    assert client.get_revision(made.id, 1).fields["System.State"] == "New"
    gone = client.delete_work_item(made.id, "Payments")
    assert (gone.id, gone.code) == (made.id, 200)
    with pytest.raises(Exception, match="TF401232"):
        client.get_work_item(made.id)
    assert client.get_deleted_work_item(made.id).name == "Ünïcode 🚀"


def test_comments_come_page_by_page(client: Any, models: ModuleType) -> None:
    item = client.create_work_item(patch(models, System__Title="Talk"), "Payments", "Task")
    for number in range(5):
        request = models.CommentCreate(text=f"<p>{number}</p>")
        client.add_comment(request, "Payments", item.id)
    seen, token = [], None
    while True:
        page = client.get_comments(
            "Payments", item.id, top=2, order="asc", continuation_token=token
        )
        seen += page.comments
        token = page.continuation_token
        if token is None:
            break
    assert [comment.text for comment in seen] == [f"<p>{number}</p>" for number in range(5)]
    first = seen[0].id
    client.update_comment(models.CommentUpdate(text="other"), "Payments", item.id, first)
    assert client.get_comment("Payments", item.id, first).text == "other"
    client.delete_comment("Payments", item.id, first)
    assert client.get_comments("Payments", item.id).total_count == 4
    again = client.get_work_item(item.id)
    assert (again.rev, again.fields["System.CommentCount"]) == (8, 4)


def test_a_file_goes_up_comes_back_and_is_named_by_an_item(client: Any, models: ModuleType) -> None:
    import io

    content = bytes(range(256)) * 5
    made = client.create_attachment(io.BytesIO(content), "Payments", file_name="ümlaut 1.bin")
    assert b"".join(client.get_attachment_content(made.id, "Payments")) == content
    relation = {"rel": "AttachedFile", "url": made.url, "attributes": {"comment": "see"}}
    added = models.JsonPatchOperation(op="add", path="/relations/-", value=relation)
    item = client.update_work_item([added], 1)
    attributes = item.relations[-1].attributes
    assert (attributes["name"], attributes["resourceSize"]) == ("ümlaut 1.bin", len(content))


def test_types_fields_states_tags_and_areas(client: Any) -> None:
    kinds = {kind.name: kind for kind in client.get_work_item_types("Payments")}
    assert set(kinds) == {"Bug", "Task", "User Story", "Feature", "Epic"}
    assert [way.to for way in kinds["Bug"].transitions["Resolved"]] == ["Active", "Closed"]
    states = client.get_work_item_type_states("Payments", "User Story")
    assert [state.category for state in states][:2] == ["Proposed", "InProgress"]
    fields = client.get_work_item_type_fields_with_references("Payments", "Bug", expand="all")
    severity = next(f for f in fields if f.reference_name.endswith("Severity"))
    assert severity.allowed_values[0] == "1 - Critical"
    assert client.get_work_item_field("System.Title").type == "string"
    assert "größer::m" in {tag.name for tag in client.get_tags("Payments")}
    areas = client.get_root_nodes("Payments", depth=2)
    assert [child.name for child in areas[0].children] == ["Backend", "Frontend"]
    assert "Hyperlink" in {each.reference_name for each in client.get_relation_types()}


def test_it_is_told_to_wait(live: Live, client: Any) -> None:
    live[1].faults.add(Fault(FaultKind.RATE_LIMIT, remaining=1, retry_after=0))
    with pytest.raises(Exception, match="TF400733"):
        client.get_work_item(1)
    assert client.get_work_item(1).id == 1


def test_a_wrong_token_is_refused(live: Live, models: ModuleType) -> None:
    core = connection(live[0], "wrong").clients_v7_1
    with pytest.raises(Exception, match="requires user authentication"):
        core.get_core_client()


def test_a_subscription_lives(live: Live, models: ModuleType) -> None:
    from azure.devops.v7_1.service_hooks.models import Subscription

    clients = connection(live[0]).clients_v7_1
    hooks = clients.get_service_hooks_client()
    project = clients.get_core_client().get_project("Payments")
    made = hooks.create_subscription(
        Subscription(
            publisher_id="tfs",
            event_type="workitem.updated",
            resource_version="1.0",
            consumer_id="webHooks",
            consumer_action_id="httpRequest",
            publisher_inputs={"projectId": project.id},
            consumer_inputs={"url": "https://localhost:1/x", "basicAuthPassword": "hush"},
        )
    )
    assert made.consumer_inputs["basicAuthPassword"] != "hush"
    assert [each.id for each in hooks.list_subscriptions()] == [made.id]
    hooks.delete_subscription(made.id)
    assert hooks.list_subscriptions() == []
