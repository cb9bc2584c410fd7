"""What a query finds, what it refuses, and when a change is seen."""

from typing import Any

import pytest

from sandbox.issues.jql import JqlError
from sandbox.issues.search import Search
from sandbox.permissions import Holder
from sandbox.seed import ALICE
from sandbox.seed_issues import seed_first_site
from sandbox.seed_other import OLGA, fresh_other_site
from sandbox.seed_texts import document, paragraph
from sandbox.site import SiteState
from tests.sandbox.conftest import World

MINUTE = 60_000
NOON = 1_780_315_200_000  # 2026-06-01 12:00 UTC
SEARCH = "/rest/api/3/search/jql"


@pytest.fixture(scope="module")
def site(a_site: dict[str, Any]) -> SiteState:
    """Three issues of PAY and one of OPS, changed a minute apart."""
    site = SiteState.from_json(a_site)
    pay, ops = (10001, "PAY"), (10002, "OPS")
    base = {"status": "10000", "issuetype": "10002", "priority": "3", "labels": []}
    first = site.issues.add(pay, {**base, "summary": "Refund twice"}, ALICE, at=NOON)
    site.issues.add(
        pay,
        {
            **base,
            "summary": "Rounding",
            "labels": ["a", "b"],
            "assignee": ALICE,
            "status": "3",
            "customfield_10016": 5.0,
            "description": document(paragraph("half a Rappen is refunded")),
        },
        ALICE,
        at=NOON + MINUTE + 250,
    )
    more = {"summary": "Part", "issuetype": "10004", "parent": first.id, "priority": "1"}
    site.issues.add(pay, {**base, **more}, ALICE, at=NOON + 2 * MINUTE)
    site.issues.add(ops, {**base, "summary": "Disk", "labels": ["b"]}, ALICE, at=NOON)
    return site


def found(site: SiteState, jql: str, who: str = ALICE) -> list[str]:
    return [issue.key for issue in Search(site, Holder(site, site.person(who)), jql).found()]


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = PAY order by key", "PAY-1 PAY-2 PAY-3"),
        ("project = payments ORDER BY key DESC", "PAY-3 PAY-2 PAY-1"),
        ("project in (PAY, OPS) order by updated asc, key desc", "PAY-1 OPS-1 PAY-2 PAY-3"),
        ("project = OPS OR key = PAY-2 AND status = 'In Progress' order by key", "OPS-1 PAY-2"),
        ("project = PAY AND NOT (labels = a OR issuetype = Sub-task)", "PAY-1"),
        ("project = PAY AND labels not in (a)", ""),
        ("project = PAY AND labels is empty order by key", "PAY-1 PAY-3"),
        ("labels in (a, b) AND project != OPS", "PAY-2"),
        ("assignee = currentUser()", "PAY-2"),
        ("project = PAY AND assignee is EMPTY order by key", "PAY-1 PAY-3"),
        ("statusCategory = 'In Progress'", "PAY-2"),
        ("priority = Highest", "PAY-3"),
        ("parent = PAY-1", "PAY-3"),
        ("key in (PAY-1, OPS-1) order by key", "OPS-1 PAY-1"),
        ("summary ~ refund", "PAY-1"),
        ("text ~ 'refund*' order by key", "PAY-1 PAY-2"),
        ("cf[10016] > 3", "PAY-2"),
        ('"Story point estimate" <= 5', "PAY-2"),
        # Minutes are the finest that can be asked for, so 12:01:00.250 is after 12:01.
        ("updated > '2026-06-01 13:01' order by key", "PAY-2 PAY-3"),
        ("updated <= '2026-06-01 13:01' order by key", "OPS-1 PAY-1"),
        ("created >= '2026/06/01 13:02'", "PAY-3"),
        ("created < 2026-06-01", ""),
        ("updated >= -1w", ""),
        ("updated <= -1m AND project = OPS", "OPS-1"),
    ],
)
def test_a_query_finds_what_it_says(site: SiteState, jql: str, keys: str) -> None:
    site.issues.clock_skew_ms = 0
    assert found(site, jql) == keys.split()


@pytest.mark.parametrize(
    ("jql", "reason"),
    [
        ("project = NONE", "does not exist for the field 'project'"),
        ("status = Nowhere", "does not exist for the field 'status'"),
        ("nonsense = 1", "Field 'nonsense' does not exist"),
        ("project PAY", "Expecting operator"),
        ("project = PAY AND", "before the end"),
        ("project = PAY labels = a", "Expecting either 'OR' or 'AND'"),
        ("project = 'PAY", "has not been completed"),
        ("(project = PAY", "Expecting ')'"),
        ("assignee = a@b.example", "reserved JQL character"),
        ("summary = Refund", "operator '=' is not supported"),
        ("status > Done", "operator '>' is not supported"),
        ("updated > '2026-06-01 13:01:30'", "is invalid. Valid formats"),
        ("key = PAY-99", "'PAY-99' does not exist"),
        ("issue.property[getint].id = 1", "does not exist or you do not have permission"),
        ("project = PAY order by flavour", "Not able to sort"),
    ],
)
def test_a_query_that_jira_does_not_take_is_refused(site: SiteState, jql: str, reason: str) -> None:
    with pytest.raises(JqlError) as refused:
        found(site, jql)
    assert reason in str(refused.value)


def test_times_in_a_query_are_those_of_the_callers_clock() -> None:
    site = fresh_other_site("http://localhost:2991")
    fields = {"status": "10000", "issuetype": "10002", "summary": "x"}
    site.issues.add((10101, "ENG"), fields, OLGA, at=NOON)
    assert found(site, "updated >= '2026-06-01 21:00'", OLGA) == ["ENG-1"]
    assert found(site, "updated >= '2026-06-01 21:01'", OLGA) == []


def test_a_time_in_milliseconds_is_the_same_for_everybody(site: SiteState) -> None:
    (issue,) = [each for each in site.issues.all() if each.key == "PAY-2"]
    assert "PAY-2" in found(site, f"updated >= {issue.updated}")
    assert "PAY-2" not in found(site, f"updated > {issue.updated}")


async def test_a_property_is_found_where_the_app_declared_it(world: World) -> None:
    site, addon = world.sandbox.site, world.sandbox.host.addon
    issue = site.issues.add((10001, "PAY"), {"status": "10000", "issuetype": "10002"}, ALICE)
    site.issues.set_properties(issue, {"getint.mark": {"id": "g-1", "deep": {"er": 7}}})
    extractions = [
        {"objectName": "id", "type": "string", "alias": "getintMark"},
        {"objectName": "deep.er", "type": "number"},
    ]
    configured = {"propertyKey": "getint.mark", "extractions": extractions}
    module = {"key": "mark", "entityType": "issue", "keyConfigurations": [configured]}
    addon.descriptor["modules"]["jiraEntityProperties"] = [module]
    for jql in (
        'issue.property[getint.mark].id = "g-1"',
        'issue.property["getint.mark"].deep.er = 7',
        "getintMark in (g-1, g-2)",
    ):
        assert found(site, jql) == ["PAY-1"], jql
    assert found(site, "issue.property[getint.mark].id = g-2") == []


async def test_pages_follow_each_other_by_token_to_the_end(world: World) -> None:
    seed_first_site(world.sandbox.site)
    seen: list[str] = []
    asked: dict[str, Any] = {"jql": "project = PAY order by key", "maxResults": 90}
    while True:
        answer = (await world.as_app("POST", SEARCH, json=asked)).json()
        assert all("fields" not in issue for issue in answer["issues"])
        seen += [issue["key"] for issue in answer["issues"]]
        assert answer["isLast"] is ("nextPageToken" not in answer)
        if answer["isLast"]:
            break
        asked["nextPageToken"] = answer["nextPageToken"]
    assert seen == [f"PAY-{number}" for number in range(1, 221)]


async def test_a_token_serves_its_own_query_only(world: World) -> None:
    seed_first_site(world.sandbox.site)
    first = (await world.as_app("POST", SEARCH, json={"jql": "project = PAY"})).json()
    for jql, token in (("project = OPS", first["nextPageToken"]), ("project = PAY", "bogus")):
        asked = {"jql": jql, "nextPageToken": token}
        assert (await world.as_app("POST", SEARCH, json=asked)).status_code == 400


async def test_with_fields_a_page_has_100_issues_at_most_and_20_comments_each(
    world: World,
) -> None:
    seed_first_site(world.sandbox.site)
    asked = {"jql": "project = PAY order by key", "fields": ["*all"], "maxResults": 5000}
    issues = (await world.as_app("POST", SEARCH, json=asked)).json()["issues"]
    assert len(issues) == 100
    deep = issues[6]["fields"]["comment"]
    assert (deep["total"], len(deep["comments"])) == (60, 20)


async def test_search_may_lag_behind_but_not_for_issues_to_be_reconciled(world: World) -> None:
    control = "/sandbox/api/conditions"
    await world.http.post(control, json={"searchLagMs": 600_000})
    fields = {"project": {"key": "PAY"}, "issuetype": {"name": "Task"}, "summary": "New"}
    made = await world.as_app("POST", "/rest/api/3/issue", json={"fields": fields})
    # The stub may only read.
    assert made.status_code == 403
    world.sandbox.host.addon.descriptor["scopes"] = ["WRITE"]
    made = await world.as_app("POST", "/rest/api/3/issue", json={"fields": fields})
    issue = made.json()
    got = await world.as_app("GET", f"/rest/api/3/issue/{issue['key']}")
    assert got.status_code == 200

    async def keys(**more: Any) -> list[str]:
        asked = {"jql": "project = PAY", "fields": ["summary"], **more}
        answer = await world.as_app("POST", SEARCH, json=asked)
        return [each["key"] for each in answer.json()["issues"]]

    assert await keys() == []
    assert await keys(reconcileIssues=[int(issue["id"])]) == [issue["key"]]
