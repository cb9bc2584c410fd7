"""The query language: what it finds, and what it refuses."""

import pytest

from tests.sandbox.azure.conftest import Place

QUERIES: list[tuple[str, str]] = [
    ("[System.WorkItemType] IN ('Bug', 'task')", "type in ('Bug', 'Task')"),
    ("[System.State] <> 'Closed' AND NOT [Work Item Type] = 'Bug'",
     "state != 'Closed' and type != 'Bug'"),
    ("([System.State] = 'New' OR [System.State] = 'Active') AND [System.Tags] CONTAINS 'a11y'",
     "state in ('New', 'Active') and 'a11y' in tags"),
    ("[System.AssignedTo] = '' ", "assigned is None"),
    ("[System.AssignedTo] NOT IN ('zoe@example.com')", "assigned != 'zoe@example.com'"),
    ("[System.Id] > 10 AND [Microsoft.VSTS.Common.Priority] <= 2", "id > 10 and priority <= 2"),
    ("[System.IterationPath] UNDER 'Payments\\Sprint 1'", "iteration == 'Payments\\\\Sprint 1'"),
    ("[System.Title] CONTAINS 'O''Brien'", "\"O'Brien\" in title"),
    ("[System.TeamProject] = @project AND [System.CreatedDate] < '2026-10-30'",
     "created < '2026-10-30'"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "means"), QUERIES)
async def test_queries_are_understood(place: Place, condition: str, means: str) -> None:
    condition = f"[System.TeamProject] = @project AND ({condition})"
    answer = await place.ask(condition)
    assert answer.status_code == 200, answer.text
    expected = set()
    for item in place.azure.state.items.values():
        values = {
            "id": item.id,
            "type": item.type_name,
            "state": item.fields["System.State"],
            "tags": item.fields.get("System.Tags", ""),
            "assigned": item.fields.get("System.AssignedTo"),
            "priority": item.fields["Microsoft.VSTS.Common.Priority"],
            "iteration": item.fields["System.IterationPath"],
            "title": item.fields["System.Title"],
            "created": item.fields["System.CreatedDate"],
        }
        in_project = item.fields["System.TeamProject"] == "Payments"
        if in_project and eval(means, {}, values):  # noqa: S307 - the table above
            expected.add(item.id)
    assert {each["id"] for each in answer.json()["workItems"]} == expected
    assert expected


WRONG_QUERIES = [
    ("[System.Nope] = 1", "TF51005"),
    ("[System.State] LIKE 'x'", "TF51006"),
    ("[System.State] = 'New' AND", "incomplete"),
    ("[System.ChangedDate] >= '2026-10-30T10:00:00Z'", "using date precision"),
    ("[System.State] = @nobody", "not known"),
    ("[System.State] = 'New' GROUP BY x", "end of string"),
]


@pytest.mark.parametrize(("condition", "words"), WRONG_QUERIES)
async def test_wrong_queries_are_refused(place: Place, condition: str, words: str) -> None:
    answer = await place.ask(condition)
    assert (answer.status_code, words in answer.json()["message"]) == (400, True)


async def test_changes_are_found_to_the_millisecond_when_asked_precisely(place: Place) -> None:
    made = (await place.make()).json()
    changed = made["fields"]["System.ChangedDate"]
    exactly = f"[System.ChangedDate] >= '{changed}'"
    found = (await place.ask(exactly, query="?timePrecision=true")).json()["workItems"]
    assert [each["id"] for each in found] == [made["id"]]


async def test_a_query_finds_no_more_than_it_may(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.azure.rest.queries.MOST_ITEMS", 50)
    assert "VS402337" in (await place.ask("[System.Id] > 0")).json()["message"]
    limited = await place.ask("[System.Id] > 0", query="?$top=20")
    assert len(limited.json()["workItems"]) == 20
