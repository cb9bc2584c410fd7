"""From the installation to the day when everybody may come in."""

import re
from collections.abc import Callable

import psycopg
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.people import Visitor

As = Callable[..., Visitor]


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("person", ["gitlab", "azure", "project", "nobody"])
async def test_until_the_set_up_is_done_others_are_told_who_has_to_do_it(
    installed: Sandbox, as_: As, person: str
) -> None:
    answer = await as_(person).open("general")
    assert answer.status_code == 403
    assert "has not been set up" in answer.text
    assert "A Jira administrator" in answer.text


@pytest.mark.parametrize("module", ["general", "admin", "get-started"])
async def test_an_administrator_begins_with_the_set_up(
    installed: Sandbox, as_: As, module: str
) -> None:
    page = await as_("admin").open(module)
    assert (page.status_code, heading(page.text)) == (200, "Set up Getint")
    for shown in ("Trial", "getint-jira-gitlab", "Not created yet", "Integration", "Migration"):
        assert shown in page.text


@pytest.mark.parametrize(
    ("module", "title"),
    [
        ("general", "Integrations"),
        ("admin", "Access"),
        ("configure", "Access"),
        ("get-started", "Set up Getint"),
    ],
)
async def test_afterwards_each_module_opens_its_own_page(
    configured: Sandbox, as_: As, module: str, title: str
) -> None:
    assert heading((await as_("admin").open(module)).text) == title


@pytest.mark.parametrize("person", ["gitlab", "project", "nobody"])
@pytest.mark.parametrize("module", ["admin", "configure", "get-started"])
async def test_what_the_hosts_conditions_hide_is_refused_here_as_well(
    configured: Sandbox, as_: As, module: str, person: str
) -> None:
    assert (await as_(person, from_project="PAY").open(module)).status_code == 403


async def test_the_project_page_needs_a_project(configured: Sandbox, as_: As) -> None:
    admin = as_("admin")
    assert (await as_("project", from_project="PAY").open("project")).status_code == 200
    url = configured.host.frame_url(admin.account_id, "getint")
    assert (await admin.http.get(url)).status_code == 200


@pytest.mark.parametrize("kind", ["integration", "migration"])
async def test_the_choice_finishes_the_set_up_and_goes_on_to_its_form(
    installed: Sandbox, as_: As, superuser: psycopg.Connection, kind: str
) -> None:
    answer = await as_("admin").post("/set-up", data={"kind": kind})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/integrations/new?kind={kind}"
    assert (await as_("admin").get(answer.headers["location"])).status_code == 200
    assert (await as_("gitlab").open("general")).status_code == 200
    recorded = superuser.execute(
        "SELECT details FROM audit_entries WHERE action = 'set up the app'"
    ).fetchall()
    assert recorded == [({"chose": kind},)]


async def test_the_set_up_counts_once(
    installed: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    configured_at = []
    for _ in range(2):
        await as_("admin").post("/set-up", data={"kind": "integration"})
        configured_at += superuser.execute("SELECT configured_at FROM instances").fetchall()
    assert configured_at[0] == configured_at[1]
    assert superuser.execute(
        "SELECT count(*) FROM audit_entries WHERE action = 'set up the app'"
    ).fetchone() == (1,)


async def test_groups_that_exist_are_remembered_by_their_ids(
    installed: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    await as_("admin").post("/set-up", data={"kind": "integration"})
    bound = superuser.execute("SELECT tool FROM group_bindings WHERE is_standard ORDER BY tool")
    assert bound.fetchall() == [("azure",), ("gitlab",)]


@pytest.mark.parametrize("kind", ["", "both", "\0", "x" * 10_000, None])
async def test_any_other_choice_is_asked_for_again(
    installed: Sandbox, as_: As, superuser: psycopg.Connection, kind: str | None
) -> None:
    answer = await as_("admin").post("/set-up", data={} if kind is None else {"kind": kind})
    assert answer.status_code == 422
    assert "Choose Integration or Migration." in answer.text
    assert superuser.execute("SELECT configured_at FROM instances").fetchone() == (None,)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_else_can_set_up(installed: Sandbox, as_: As, method: str) -> None:
    for person in ("gitlab", "project", "nobody"):
        assert (await as_(person).ask(method, "/set-up")).status_code == 403


async def test_the_set_up_can_be_finished_while_the_groups_can_not_be_read(
    installed: Sandbox, as_: As
) -> None:
    installed.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/api/3/group/bulk"))
    page = await as_("admin").get("/set-up")
    assert (page.status_code, "Jira did not answer" in page.text) == (200, True)
    assert (await as_("admin").post("/set-up", data={"kind": "migration"})).status_code == 303
    assert (await as_("gitlab").open("general")).status_code == 200


@pytest.mark.parametrize(
    ("switch", "label", "mend"),
    [
        ("paid", "Active", ""),
        ("trial", "Trial", "Subscribe before the trial ends"),
        ("lapsed", "Ended", "Renew the subscription"),
        ("none", "None", "Start a trial"),
    ],
)
async def test_the_licence_is_shown_with_what_to_do(
    installed: Sandbox, as_: As, switch: str, label: str, mend: str
) -> None:
    installed.host.set_licence(switch)
    for page in (
        (await as_("admin").open("general")).text,
        (await as_("admin").get("/set-up")).text,
    ):
        assert f">{label}</span>" in page
        assert mend in page
        assert "/plugins/servlet/upm" in page or not mend


async def test_licence_settings_say_who_confirmed_it_and_check_again_asks_now(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    configured.host.set_licence("paid")
    before = (await admin.get("/settings/licence")).text
    assert "E-5H5-T7E-0SB-000" in before
    assert "by Atlassian" in before
    configured.host.set_licence("lapsed")
    answer = await admin.post("/settings/licence/check-again")
    assert "Atlassian has answered" in answer.headers["HX-Trigger"]
    assert "Ended" in answer.text
    assert "Ended" in (await admin.get("/settings/licence")).text


async def test_check_again_says_so_when_atlassian_does_not_answer(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    await admin.get("/settings/licence")
    configured.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/atlassian-connect/*"))
    answer = await admin.post("/settings/licence/check-again")
    assert "did not answer" in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("person", ["gitlab", "project", "nobody"])
async def test_only_administrators_see_the_licence(
    configured: Sandbox, as_: As, person: str
) -> None:
    assert (await as_(person).get("/settings/licence")).status_code == 403


async def test_help_tells_version_and_instance_id_to_whoever_may_open_the_app(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    row = superuser.execute("SELECT id::text FROM instances").fetchone()
    assert row is not None
    dialog = (await as_("gitlab").get("/help")).text
    assert f"Instance ID {row[0]}" in dialog
    assert 'data-copy="Getint 0.1.0, Instance ID' in dialog
    assert (await as_("nobody").get("/help")).status_code == 403
