"""What keeps an integration from being run, and what does not."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.integrations.models import Integration
from app.sync.models import TypeMapping
from app.sync.proposal import propose_rules
from app.sync.rules import FieldRule, MappingRules
from app.sync.stops import NOT_READ, PreviewState, basic_stops, in_words, setup_of, stops_of
from app.sync.weighing import SideSchemas
from app.tools.items import FieldKind, Schema
from tests.sync.lifelike import BUG, GITLAB, ISSUE, JIRA

GOOD = propose_rules(JIRA, GITLAB, BUG, ISSUE)
TO_TOOL = {"direction": "to_tool"}
BOTH = SideSchemas({"jira": JIRA, "tool": GITLAB})
NO_TITLE = GOOD.model_copy(update={"fields": GOOD.fields[1:]})
MISFIT = GOOD.model_copy(
    update={"fields": (*GOOD.fields, FieldRule(jira="due", tool="labels", kind=FieldKind.DATE))}
)


def integration(**columns: Any) -> Integration:
    its: dict[str, Any] = {
        "id": uuid4(),
        "kind": "integration",
        "state": "active",
        "connection_id": UUID(int=1),
        "tool": "gitlab",
        "tool_place": "a/b",
        "project_id": "10001",
        "direction": "both",
        "jql": "",
        "tool_query": "",
    }
    return Integration(**its | columns)


def mapping(rules: MappingRules = GOOD, **columns: Any) -> TypeMapping:
    its: dict[str, Any] = {
        "id": UUID(int=2),
        "version": 1,
        "enabled": True,
        "jira_type": "Bug",
        "tool_type": "Issue",
        "rules": rules.model_dump(mode="json"),
    }
    return TypeMapping(**its | columns)


@pytest.mark.parametrize(
    ("columns", "mappings", "sides", "preview", "words"),
    [
        ({}, [mapping()], BOTH, "none", ""),
        ({}, [mapping()], NOT_READ, "none", ""),
        ({"state": "paused"}, [mapping()], BOTH, "current", "paused"),
        ({"connection_id": None}, [mapping()], BOTH, "current", "no connection"),
        ({}, [], BOTH, "none", "Nothing is mapped"),
        ({}, [mapping(enabled=False)], BOTH, "none", "switched off"),
        ({}, [mapping(tool_type="Gone")], BOTH, "none", "GitLab has no type “Gone”"),
        (TO_TOOL, [mapping(NO_TITLE)], BOTH, "none", "GitLab demands “Title”, and nothing"),
        (TO_TOOL, [mapping(NO_TITLE), mapping(enabled=False)], BOTH, "none", "demands “Title”"),
        ({}, [mapping(), mapping(NO_TITLE, enabled=False)], BOTH, "none", ""),
        # Some items will fail, others will not: the run tells which.
        ({}, [mapping(MISFIT)], BOTH, "none", ""),
        # What may pass by itself stops nothing; what needs somebody does.
        ({}, [mapping()], SideSchemas(trouble="GitLab asks to wait."), "none", ""),
        (
            {},
            [mapping()],
            SideSchemas(trouble="GitLab has no such project.", needs_somebody=True),
            "none",
            "GitLab has no such project.",
        ),
        ({"kind": "migration"}, [mapping()], BOTH, "current", ""),
        ({"kind": "migration"}, [mapping()], BOTH, "none", "no preview of this one was made"),
        ({"kind": "migration"}, [mapping()], BOTH, "stale", "changed after its preview"),
        ({"kind": "migration"}, [], BOTH, "none", "Nothing is mapped"),
    ],
)
def test_only_what_would_make_all_items_fail_stops_a_run(
    columns: dict[str, Any],
    mappings: list[TypeMapping],
    sides: SideSchemas,
    preview: PreviewState,
    words: str,
) -> None:
    found = stops_of(integration(**columns), mappings, sides, preview)
    assert len(found) == (1 if words else 0), found
    assert words in in_words(found)


def test_a_preview_can_be_made_of_what_can_not_be_run() -> None:
    assert basic_stops(integration(kind="migration")) == []
    assert stops_of(integration(), [mapping(NO_TITLE)], BOTH, "none")[0].mapping_id == UUID(int=2)


def test_a_preview_is_of_what_counts_and_of_nothing_else() -> None:
    its = integration()
    setup = setup_of(its, [mapping()])
    same = integration(name="Another", owner="jira:other", keep_logs_days=0, every_minutes=5)
    assert setup_of(same, [mapping(), mapping(id=UUID(int=3), enabled=False)]) == setup
    others = [
        setup_of(its, [mapping(version=2)]),
        setup_of(its, [mapping(id=UUID(int=3)), mapping()]),
        *(
            setup_of(integration(**{name: value}), [mapping()])
            for name, value in {
                "jql": "type = Bug",
                "tool_query": "x",
                "direction": "to_tool",
                "tool_place": "c/d",
                "connection_id": UUID(int=9),
            }.items()
        ),
    ]
    assert len({setup, *others}) == len(others) + 1


def test_an_empty_side_is_told_as_types_that_are_gone() -> None:
    sides = SideSchemas({"jira": JIRA, "tool": Schema(())})
    (stop,) = stops_of(integration(), [mapping()], sides, "none")
    assert stop.text == "Bug and Issue: GitLab has no type “Issue”, or it cannot be seen."
