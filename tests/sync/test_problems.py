"""What will not work is told before the first run, and what will work is not complained of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.sync.problems import Mapped, Problem, problems_of_all, problems_of_one
from app.sync.proposal import propose_rules
from app.sync.rules import FieldRule, FilledField, MappingRules, PersonRule, StatusRule, Way
from app.tools.items import FieldInfo, FieldKind, Schema, TypeInfo
from tests.sync.lifelike import BUG, COMMON, GITLAB, ISSUE, JIRA, RESOLUTION

GOOD = propose_rules(JIRA, GITLAB, BUG, ISSUE)
TITLE = GOOD.fields[0]
TEXT, OPTION = FieldKind.TEXT, FieldKind.OPTION


def problems(
    rules: MappingRules | None = None,
    *,
    direction: Way = "both",
    jira: TypeInfo = BUG,
    tool: TypeInfo = ISSUE,
    **changed: Any,
) -> list[Problem]:
    mapped = Mapped(True, "Bug", "Issue", (rules or GOOD).model_copy(update=changed))
    schemas = {
        "jira": Schema((jira, *JIRA.types[1:]), JIRA.people),
        "tool": Schema((tool,), GITLAB.people),
    }
    return problems_of_one(mapped, direction, schemas, "GitLab")  # type: ignore[arg-type]


def told(found: Sequence[Problem], *, stops: bool | None = None) -> str:
    return " ".join(it.text for it in found if stops is None or it.stops == stops)


def with_field(its: TypeInfo, *fields: FieldInfo) -> TypeInfo:
    return replace(its, fields=(*its.fields, *fields))


def test_a_proposal_that_fits_has_no_problems() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("mappings", "words"),
    [
        ([], "Nothing is mapped"),
        ([Mapped(False, "Bug", "Issue", GOOD)], "switched off"),
    ],
)
def test_a_run_that_would_find_nothing_to_do(mappings: list[Mapped], words: str) -> None:
    (problem,) = problems_of_all(mappings, "both")
    assert words in problem.text
    assert problem.stops


@pytest.mark.parametrize(
    ("types", "direction", "is_told"),
    [
        ([("Bug", "Issue"), ("Story", "Issue")], "both", False),
        ([("Bug", "Issue"), ("Story", "Issue")], "to_jira", True),
        ([("Bug", "Issue"), ("Bug", "Task")], "to_tool", True),
        ([("Bug", "Issue"), ("Bug", "Task")], "both", False),
        ([("Bug", "Issue"), ("Bug", "Issue")], "both", True),
    ],
)
def test_a_mapping_below_others_that_take_all_of_its_items(
    types: list[tuple[str, str]], direction: Way, *, is_told: bool
) -> None:
    found = problems_of_all([Mapped(True, *names, GOOD) for names in types], direction)
    assert ("never used" in told(found)) == is_told


def test_a_type_that_is_gone_is_all_that_is_told() -> None:
    schemas = {"jira": JIRA, "tool": Schema(())}
    mapped = Mapped(True, "Bug", "Issue", GOOD)
    (problem,) = problems_of_one(mapped, "both", schemas, "GitLab")  # type: ignore[arg-type]
    assert problem.text == "GitLab has no type “Issue”, or it cannot be seen."


SEVERITY = FieldInfo("severity", "Severity", OPTION, options=("S1", "S2"))
LOCKED = FieldInfo("locked", "Locked", TEXT, writable=False)
BY_NAME = FieldRule(jira="priority", tool="severity", kind=OPTION, options=(("High", "S1"),))


@pytest.mark.parametrize(
    ("rule", "words", "stops"),
    [
        (FieldRule(jira="gone", tool="title", kind=TEXT), "Jira has no field “gone”", True),
        (FieldRule(jira="title", tool="gone", kind=TEXT), "GitLab has no field “gone”", True),
        (
            FieldRule(jira="due", tool="labels", kind=FieldKind.DATE),
            "“Due date” holds a date, and “Labels” in GitLab labels.",
            True,
        ),
        (
            FieldRule(jira="customfield_10016", tool="weight", kind=TEXT),
            "has become a field of another kind",
            True,
        ),
        (
            FieldRule(jira="locked", tool="title", kind=TEXT),
            "“Locked” cannot be written in Jira",
            True,
        ),
        (FieldRule(jira="locked", tool="title", kind=TEXT, way="to_tool"), "", True),
        (BY_NAME, "“Priority” in Jira has choices without a counterpart: “Highest”", False),
        (BY_NAME, "“Severity” in GitLab has choices without a counterpart: “S2”", False),
        (
            BY_NAME.model_copy(update={"options": (("High", "S9"), ("Odd", "S1"))}),
            "“Severity” in GitLab has no choice “S9”",
            True,
        ),
        (
            BY_NAME.model_copy(update={"options": (("High", "S9"), ("Odd", "S1"))}),
            "“Priority” in Jira has no choice “Odd”",
            True,
        ),
        (
            BY_NAME.model_copy(update={"options": ()}),
            "“Highest”, “High”, “Medium”, “Low” and “Lowest”",
            False,
        ),
    ],
)
def test_pairs_of_fields(rule: FieldRule, words: str, *, stops: bool) -> None:
    fields = [TITLE] if rule.tool != "title" and rule.jira != "title" else []
    jira = with_field(BUG, LOCKED)
    tool = replace(ISSUE, fields=(*ISSUE.fields, SEVERITY))
    found = problems(jira=jira, tool=tool, fields=(*fields, rule))
    assert words in told(found, stops=stops)
    if not words:
        assert "cannot be written" not in told(found)


def test_a_required_field_without_a_value_on_each_side_that_items_are_made_on() -> None:
    team = FieldInfo("team", "Team", OPTION, required=True, options=("A", "B"))
    jira = with_field(BUG, team)
    assert "Jira demands “Team”, and nothing fills it." in told(problems(jira=jira), stops=True)
    assert problems(jira=jira, direction="to_tool") == []
    filled = (FilledField(side="jira", field="team", kind=OPTION, text="A"),)
    assert problems(jira=jira, filled=filled) == []
    one_way = GOOD.model_copy(
        update={"fields": (TITLE.model_copy(update={"way": "to_jira"}), *GOOD.fields[1:])}
    )
    assert "GitLab demands “Title”" in told(problems(one_way))


def test_a_field_that_two_rules_write() -> None:
    again = FieldRule(jira="description", tool="title", kind=TEXT)
    found = told(problems(fields=(*GOOD.fields, again)))
    assert "“Title” in GitLab is written by more than one rule." in found
    back_only = FieldRule(jira="customfield_10016", tool="title", kind=TEXT, way="to_jira")
    assert "by more than one rule" not in told(problems(fields=(TITLE, back_only)))


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        ({"field": "gone", "text": "x"}, "GitLab has no field “gone”"),
        ({"field": "locked", "text": "x"}, "“Locked” cannot be written in GitLab"),
        ({"field": "weight", "kind": "number", "text": "many"}, "takes a number"),
        ({"field": "due", "kind": "date", "text": "soon"}, "takes a date"),
        ({"field": "severity", "kind": "one of a list", "text": "S9"}, "no choice “S9”"),
        ({"field": "severity", "kind": "one of a list", "text": "S1"}, ""),
        ({"field": "note", "text": "From {key}: {customfield_10016}"}, ""),
        ({"field": "note", "text": "From {weight}"}, "names {weight}, which Jira does not have"),
    ],
)
def test_filled_fields(filled: dict[str, str], words: str) -> None:
    note = FieldInfo("note", "Note", TEXT)
    tool = with_field(ISSUE, SEVERITY, LOCKED, note)
    rule = FilledField.model_validate({"side": "tool", "kind": "text", **filled})
    others = tuple(it for it in GOOD.fields if it.tool != rule.field)
    found = problems(tool=tool, filled=(rule,), fields=others)
    assert words in told(found)
    if not words:
        assert found == []


def statuses(*pairs: tuple[str, str], **demands: str) -> tuple[StatusRule, ...]:
    given = demands or {"resolution": "Done"}
    return tuple(
        StatusRule(jira=jira, tool=tool, jira_demands=given if jira == "Done" else {})
        for jira, tool in pairs
    )


BOTH = (("To Do", "opened"), ("In Progress", "opened"), ("Done", "closed"))


@pytest.mark.parametrize(
    ("rules", "words", "stops"),
    [
        (statuses(*BOTH, ("Lost", "opened")), "Jira has no status “Lost”", True),
        (statuses(*BOTH, ("To Do", "lost")), "GitLab has no status “lost”", True),
        (statuses(*BOTH[::2]), "Jira without a counterpart: “In Progress”", False),
        (statuses(*BOTH[:2]), "GitLab without a counterpart: “closed”", False),
        (statuses(*BOTH, resolution=" "), "demands “Resolution” on the way to “Done”", True),
        (statuses(*BOTH, resolution="Odd"), "has no choice “Odd”", True),
    ],
)
def test_statuses(rules: tuple[StatusRule, ...], words: str, *, stops: bool) -> None:
    assert words in told(problems(statuses=rules), stops=stops)


def test_a_demand_counts_only_where_statuses_go_to_that_side() -> None:
    rules = statuses(*BOTH, resolution=" ")
    assert problems(statuses=rules, direction="to_tool") == []
    assert problems(statuses=rules, status_way="to_tool") == []
    mapped = with_field(BUG, RESOLUTION)
    fixed = (FilledField(side="jira", field="resolution", kind=OPTION, text="Done"),)
    assert problems(statuses=rules, jira=mapped, filled=fixed) == []


@pytest.mark.parametrize(
    ("moves", "words", "stops"),
    [
        ({}, "", True),
        ({"To Do": ("Done",), "Done": ("To Do",)}, "", True),
        ({"To Do": ("In Progress",), "In Progress": ("Done",), "Done": ("To Do",)}, "", True),
        (
            {"To Do": ("In Progress",), "In Progress": (), "Done": ("To Do",)},
            "leads to “Done” from “To Do”",
            True,
        ),
        ({"To Do": ("Done",), "Done": ()}, "leads to “To Do” from “Done”", True),
        ({"To Do": ("In Progress",), "Done": ("To Do",)}, "", True),
    ],
)
def test_a_status_that_no_way_of_the_workflow_leads_to(
    moves: dict[str, Sequence[str]], words: str, *, stops: bool
) -> None:
    found = problems(jira=replace(BUG, moves=moves), statuses=statuses(*BOTH))
    assert words in told(found, stops=stops)
    if not words:
        assert found == []


def test_a_status_that_only_some_others_cannot_reach_is_a_warning() -> None:
    tool = replace(ISSUE, statuses=("opened", "review", "closed"))
    moves = {"To Do": ("In Progress",), "In Progress": ("To Do", "Done")}
    rules = statuses(("To Do", "opened"), ("In Progress", "review"), ("Done", "closed"))
    done = replace(BUG, moves={**moves, "Done": ("In Progress",)})
    assert problems(jira=done, tool=tool, statuses=rules) == []
    ways = {"To Do": ("Done", "In Progress"), "In Progress": ("In Progress",), "Done": ("To Do",)}
    stuck = replace(BUG, moves=ways)
    found = problems(jira=stuck, tool=tool, statuses=rules)
    assert told(found, stops=True) == ""
    assert "leads to “Done” from “In Progress”" in told(found, stops=False)


def test_people_who_are_gone_are_counted_and_not_named() -> None:
    people = (PersonRule(jira="5b10a2844c20165700ede2aa", tool="99"), *GOOD.people)
    (problem,) = problems(people=people)
    assert problem.text == "1 of the mapped people cannot be found in GitLab."
    assert not problem.stops


def test_a_mapping_without_fields_is_a_problem() -> None:
    assert "No field is mapped." in told(problems(MappingRules()))
    assert COMMON[0].required
    assert "GitLab demands “Title”" in told(problems(MappingRules()))
