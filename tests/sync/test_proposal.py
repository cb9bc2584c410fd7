"""What is proposed is sensible for lifelike sides, and never wrong by itself for any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sync.pairings import Contradiction, back, joined, there
from app.sync.problems import Mapped, problems_of_one
from app.sync.proposal import propose_options, propose_rules, propose_types
from app.sync.rules import MappingRules
from app.tools.items import FieldInfo, FieldKind, Schema, TypeInfo
from tests.sync.lifelike import AZURE, AZURE_BUG, BUG, GITLAB, ISSUE, JIRA


def test_types_of_the_same_name_come_first_and_then_what_tools_call_alike() -> None:
    assert propose_types(JIRA, AZURE) == [("Bug", "Bug"), ("Story", "User Story")]
    assert propose_types(JIRA, GITLAB) == [("Bug", "Issue"), ("Story", "Issue")]


def test_the_only_type_of_a_tool_is_the_counterpart_of_every_type() -> None:
    only = Schema((TypeInfo("Row", (), ()),))
    assert propose_types(JIRA, only) == [("Bug", "Row"), ("Story", "Row"), ("Riddle", "Row")]


def test_bugs_with_gitlab_issues() -> None:
    rules = propose_rules(JIRA, GITLAB, BUG, ISSUE)
    assert [(rule.jira, rule.tool, rule.way) for rule in rules.fields] == [
        ("title", "title", "both"),
        ("description", "description", "both"),
        ("labels", "labels", "both"),
        ("due", "due", "both"),
        ("assignee", "assignee", "both"),
        ("customfield_10016", "weight", "both"),
    ]
    assert [(rule.jira, rule.tool) for rule in rules.statuses] == [
        ("To Do", "opened"),
        ("Done", "closed"),
        ("In Progress", "opened"),
    ]
    assert rules.statuses[1].jira_demands == {"resolution": "Done"}


def test_bugs_with_azure_bugs() -> None:
    rules = propose_rules(JIRA, AZURE, BUG, AZURE_BUG)
    by_jira = {rule.jira: rule for rule in rules.fields}
    assert by_jira["customfield_10016"].tool == "Microsoft.VSTS.Scheduling.Effort"
    assert by_jira["customfield_10020"].options == (("Red", "Red"), ("Blue", "Blue"))
    assert there(by_jira["priority"].options) == {
        "Highest": "1",
        "High": "2",
        "Medium": "3",
        "Low": "4",
        "Lowest": "4",
    }
    assert back(by_jira["priority"].options)["4"] == "Low"
    pairs = [(rule.jira, rule.tool) for rule in rules.statuses]
    assert there(pairs) == {"To Do": "New", "In Progress": "Active", "Done": "Resolved"}
    assert back(pairs) == {
        "New": "To Do",
        "Active": "In Progress",
        "Resolved": "Done",
        "Closed": "Done",
        "Removed": "Done",
    }


def test_people_are_paired_by_e_mail_alone_and_only_where_it_is_one_person() -> None:
    rules = propose_rules(JIRA, GITLAB, BUG, ISSUE)
    assert [(rule.jira, rule.tool) for rule in rules.people] == [("5b10a2844c20165700ede2aa", "17")]


def test_what_is_over_is_never_proposed_for_what_is_under_way() -> None:
    ends = TypeInfo("Row", (), ("Archive done", "Closed"))
    begins = TypeInfo("Row", (), ("New", "Doing"))
    assert propose_rules(Schema(()), Schema(()), begins, ends).statuses == ()


def test_a_field_that_one_side_keeps_to_itself_goes_one_way() -> None:
    kept = FieldInfo("reporter", "Reporter", FieldKind.PERSON, writable=False)
    jira = TypeInfo("Bug", (kept,), ())
    tool = TypeInfo("Issue", (FieldInfo("author", "Author", FieldKind.PERSON),), ())
    (rule,) = propose_rules(Schema(()), Schema(()), jira, tool).fields
    assert rule.way == "to_tool"


@pytest.mark.parametrize(
    ("jira", "tool", "expected"),
    [
        (("A", "B"), ("b", "C"), {"B": "b"}),
        (("Critical",), ("P1", "P2"), {"Critical": "P1"}),
        (("High", "Strange"), ("high",), {"High": "high"}),
        ((), ("x",), {}),
    ],
)
def test_choices(jira: tuple[str, ...], tool: tuple[str, ...], expected: dict[str, str]) -> None:
    assert there(propose_options(jira, tool)) == expected


NAMES = st.lists(
    st.sampled_from(
        ["To Do", "Open", "Done", "Closed", "Doing", "Waiting", "X", "High", "1", "P2", "Cancelled"]
    ),
    unique=True,
    max_size=6,
)
FIELDS = st.lists(
    st.builds(
        FieldInfo,
        id=st.sampled_from(["title", "a", "b", "c", "due"]),
        label=st.sampled_from(["Title", "Summary", "Priority", "Severity", "Odd", "Tags"]),
        kind=st.sampled_from(FieldKind),
        required=st.booleans(),
        writable=st.booleans(),
        options=NAMES.map(tuple),
    ),
    unique_by=lambda field: field.id,
    max_size=5,
)
TYPES = st.builds(TypeInfo, name=st.just("T"), fields=FIELDS, statuses=NAMES)


@given(TYPES, TYPES)
def test_a_proposal_for_any_two_types_names_only_what_is_there_and_fits(
    jira: TypeInfo, tool: TypeInfo
) -> None:
    sides = Schema((jira,)), Schema((tool,))
    rules = propose_rules(*sides, jira, tool)
    assert MappingRules.model_validate_json(rules.model_dump_json()) == rules
    found = problems_of_one(
        Mapped(True, "T", "T", rules), "both", {"jira": sides[0], "tool": sides[1]}, "Tool"
    )
    for problem in found:
        # What is left to the owner: what has no counterpart, and what has to be filled.
        assert any(
            words in problem.text
            for words in ("without a counterpart", "nothing fills it", "No field is mapped")
        ), problem


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.sampled_from("1234")),
    st.dictionaries(st.sampled_from("1234"), st.sampled_from("ABCD")),
)
def test_a_list_of_pairs_says_both_ways_or_is_refused(
    to_tool: dict[str, str], to_jira: dict[str, str]
) -> None:
    taken = set(to_tool.values())
    is_said = all(to_tool.get(jira) == tool or tool not in taken for tool, jira in to_jira.items())
    if not is_said:
        with pytest.raises(Contradiction):
            joined(to_tool, to_jira)
        return
    pairs = joined(to_tool, to_jira)
    assert there(pairs).items() >= to_tool.items()
    assert back(pairs).items() >= to_jira.items()
    assert set(there(pairs)) <= set(to_tool) | set(to_jira.values())
