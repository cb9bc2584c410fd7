"""An integration leaves as a file and comes back the same; nothing else is taken for one."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.models import Integration
from app.sync.export import MOST_BYTES, CannotImport, exported, imported
from app.sync.models import TypeMapping
from app.sync.proposal import propose_rules
from tests.sync.lifelike import BUG, GITLAB, ISSUE, JIRA

SECRETS = {"owner": "jira:5b10a2844c20165700ede2ff", "project_id": "10777", "project_key": "SECR"}


def integration() -> Integration:
    return Integration(
        id=uuid4(),
        instance_id=uuid4(),
        workspace_id=uuid4(),
        connection_id=uuid4(),
        state="active",
        kind="integration",
        name="Payroll › 給与 🧾",
        tool="gitlab",
        tool_place="acme/payroll",
        direction="both",
        jql="type = Bug",
        tool_query="labels=urgent",
        every_minutes=5,
        conflict_rule="jira",
        copies_deletions=True,
        keep_logs_days=0,
        **SECRETS,
    )


def mappings() -> list[TypeMapping]:
    rules = propose_rules(JIRA, GITLAB, BUG, ISSUE)
    return [
        TypeMapping(
            jira_type=name,
            tool_type="Issue",
            enabled=name == "Bug",
            rules=rules.model_dump(mode="json"),
        )
        for name in ("Bug", "Story")
    ]


def as_file(**changes: Any) -> bytes:
    content = json.loads(exported(integration(), mappings()))
    return json.dumps(content | changes).encode()


def test_what_is_exported_comes_back_the_same() -> None:
    was = integration()
    found = imported(exported(was, mappings()))
    for name in ("name", "kind", "tool", "tool_place", "direction", "jql", "tool_query"):
        assert getattr(found, name) == getattr(was, name)
    assert (found.every_minutes, found.conflict_rule) == (5, "jira")
    assert (found.copies_deletions, found.keep_logs_days) == (True, 0)
    assert [(it.jira_type, it.tool_type, it.enabled) for it in found.mappings] == [
        ("Bug", "Issue", True),
        ("Story", "Issue", False),
    ]
    assert found.mappings[0].rules == propose_rules(JIRA, GITLAB, BUG, ISSUE)


def test_the_file_lets_nobody_in_and_names_no_customer() -> None:
    was = integration()
    text = exported(was, mappings()).decode()
    for secret in (*SECRETS.values(), was.id, was.instance_id, was.workspace_id, was.connection_id):
        assert str(secret) not in text


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "cannot be read as JSON"),
        (b"\xff\xfe{}", "cannot be read as JSON"),
        (b"<html>", "cannot be read as JSON"),
        (b"[" * 5000, "cannot be read as JSON"),
        (b"[]", "not a file that Getint exported"),
        (b"{}", "not a file that Getint exported"),
        (as_file(format="other"), "not a file that Getint exported"),
        (as_file(version=2), "newer version of Getint"),
        (as_file(version=2, mappings=[{"new": 1}]), "newer version of Getint"),
        (as_file(version="1"), "version"),
        (as_file(name=""), "name"),
        (as_file(tool="unheard-of"), "tool"),
        (as_file(every_minutes="15"), "every_minutes"),
        (as_file(every_minutes=99_999), "every_minutes"),
        (as_file(keep_logs_days=15), "keep_logs_days"),
        (as_file(jql="a\x00b"), "jql (Value error, It has signs that cannot be stored.)"),
        (as_file(owner="jira:mallory"), "owner (Extra inputs are not permitted)"),
        (as_file(mappings=[{}] * 51), "mappings"),
        (as_file(mappings=[{"jira_type": "A"}]), "mappings.0.tool_type (Field required)"),
        (b" " * (MOST_BYTES + 1), "larger than 4 MB"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong_and_where(raw: bytes, words: str) -> None:
    with pytest.raises(CannotImport) as refused:
        imported(raw)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "rule",
    [
        {"jira": "a", "tool": "b", "kind": "unheard-of"},
        {"jira": "", "tool": "b", "kind": "text"},
        {"jira": "a\x00", "tool": "b", "kind": "text"},
        {"jira": "a", "tool": "b", "kind": "text", "way": "sideways"},
        {"jira": "a", "tool": "b", "kind": "text", "options": [["x", "y"]] * 501},
        {"jira": "a", "tool": "b", "kind": "text", "run": "code"},
    ],
)
def test_a_rule_that_no_editor_could_make_is_refused(rule: dict[str, Any]) -> None:
    mapping = {"jira_type": "A", "tool_type": "B", "enabled": True, "rules": {"fields": [rule]}}
    with pytest.raises(CannotImport, match=r"mappings\.0\.rules\.fields\.0"):
        imported(as_file(mappings=[mapping]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["format", "version", "mappings", "rules", "fields", "kind"]), inner
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_no_file_breaks_the_import(content: Any) -> None:
    with pytest.raises(CannotImport):
        imported(json.dumps(content).encode())
