"""Connections: who may see, use, change and govern one, and how its credentials are kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.tools.addresses import AddressRule
from app.tools.transport import Resolver
from tests.integrations.conftest import Names
from tests.integrations.kit import OPS, SECRET, connected, connection, created, flag, names, words
from tests.people import Visitor

As = Callable[..., Visitor]
NEW_SECRET = "glpat-Another-One-Entirely"


def edit(version: int = 1, **changes: str) -> dict[str, str]:
    """An edit form as it is opened: without credentials."""
    form = connection(credential_token="") | changes | {"version": str(version)}
    return {name: value for name, value in form.items() if name not in {"tool", "others_may"}}


@dataclass
class FarSide:
    """The tool, as far as the client that is handed to the routes can see."""

    status: int = 200
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, stream=httpx.ByteStream(b"{}"))


@pytest.fixture
def far_side(app: FastAPI) -> FarSide:
    tool = FarSide()

    def client(_rule: AddressRule, _look_up: Resolver) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(tool))

    app.state.house = replace(app.state.house, new_tool_client=client)
    return tool


@pytest.mark.parametrize(
    ("person", "from_project", "tool", "status"),
    [
        ("admin", None, "gitlab", 200),
        ("gitlab", None, "gitlab", 200),
        ("azure", None, "gitlab", 403),
        ("project", "PAY", "gitlab", 200),
        ("project", None, "gitlab", 403),
        ("nobody", None, "gitlab", 403),
    ],
)
async def test_creating_is_as_the_table_says(
    as_: As, *, person: str, from_project: str | None, tool: str, status: int
) -> None:
    visitor = as_(person, from_project=from_project)
    answer = await visitor.post("/connections", data=connection(tool=tool))
    assert answer.status_code == status, words(answer)


async def test_one_created_in_project_settings_belongs_to_that_project(
    as_: As, superuser: psycopg.Connection
) -> None:
    await connected(as_("project", from_project="PAY"))
    await connected(as_("gitlab"), name="Of the site")
    rows = superuser.execute("SELECT name, project_id FROM connections ORDER BY name").fetchall()
    assert rows == [("Of the site", None), ("Our GitLab", "10001")]
    from_ops = await as_("admin", from_project="OPS").get("/connections")
    assert names(from_ops) == ["Of the site"]


@pytest.mark.parametrize(
    ("level", "use", "change"), [("view", 403, 403), ("use", 200, 403), ("edit", 200, 200)]
)
async def test_others_may_what_the_owner_says_and_never_govern(
    as_: As, far_side: FarSide, *, level: str, use: int, change: int
) -> None:
    theirs = await connected(as_("admin"), others_may=level)
    other = as_("azure")
    assert names(await other.get("/connections")) == ["Our GitLab"]
    assert (await other.post(f"/connections/{theirs}/test")).status_code == use
    assert (await other.get(f"/connections/{theirs}/edit")).status_code == change
    answer = await other.post(f"/connections/{theirs}", data=edit(name="Renamed"))
    assert answer.status_code == change
    for path in ("sharing", "delete"):
        assert (await other.get(f"/connections/{theirs}/{path}")).status_code == 403
    form = {"others_may": "edit", "version": "1"}
    assert (await other.post(f"/connections/{theirs}/sharing", data=form)).status_code == 403
    assert (await other.post(f"/connections/{theirs}/delete")).status_code == 403


async def test_the_default_for_others_is_view(as_: As, superuser: psycopg.Connection) -> None:
    form = connection()
    del form["others_may"]
    assert (await as_("gitlab").post("/connections", data=form)).status_code == 200
    assert superuser.execute("SELECT others_may FROM connections").fetchone() == ("view",)


async def test_credentials_are_sealed_and_in_no_answer_trail_or_log(
    as_: As,
    far_side: FarSide,
    superuser: psycopg.Connection,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gitlab = as_("gitlab")
    answers = [
        await gitlab.post("/connections", data=connection(address="http://insecure.example.com")),
        await gitlab.post("/connections", data=connection(name="")),
        await gitlab.post("/connections", data=connection(credential_token=SECRET + "\x00")),
        await gitlab.post("/connections", data=connection(credential_email=SECRET)),
    ]
    assert [answer.status_code for answer in answers] == [422] * 4
    theirs = await connected(gitlab)
    far_side.status = 401
    for method, path, form in (
        ("GET", "/connections", None),
        ("GET", f"/connections/{theirs}/edit", None),
        ("POST", f"/connections/{theirs}/test", None),
        ("POST", f"/connections/{theirs}", edit(credential_token=SECRET, name="")),
        ("POST", f"/connections/{theirs}", edit(credential_token=SECRET, version=9)),
        ("POST", f"/connections/{theirs}", edit(credential_token=SECRET)),
        ("GET", f"/connections/{theirs}/sharing", None),
        ("GET", f"/connections/{theirs}/delete", None),
        ("GET", "/integrations/tool-part?tool=gitlab", None),
        ("POST", f"/connections/{theirs}/delete", None),
    ):
        answers.append(await gitlab.ask(method, path, data=form))
    for answer in answers:
        assert SECRET not in answer.text
        assert SECRET not in str(answer.headers)
    trail = superuser.execute("SELECT details FROM audit_entries").fetchall()
    assert len(trail) >= 4
    assert SECRET not in json.dumps([row[0] for row in trail])
    assert SECRET not in "".join(capfd.readouterr())


async def test_the_table_holds_no_credential_in_the_clear(
    as_: As, superuser: psycopg.Connection
) -> None:
    await connected(as_("gitlab"))
    row = superuser.execute("SELECT credentials, c::text FROM connections c").fetchone()
    assert row is not None
    assert SECRET.encode() not in row[0]
    assert SECRET not in row[1]


async def test_empty_credentials_keep_the_old_ones_and_new_ones_replace_them(
    as_: As, far_side: FarSide
) -> None:
    gitlab = as_("gitlab")
    theirs = await connected(gitlab)
    page = await gitlab.get(f"/connections/{theirs}/edit")
    assert "Set, changed" in words(page)
    await gitlab.post(f"/connections/{theirs}", data=edit(1, name="Renamed"))
    await gitlab.post(f"/connections/{theirs}/test")
    assert far_side.asked[-1].headers["PRIVATE-TOKEN"] == SECRET
    await gitlab.post(f"/connections/{theirs}", data=edit(2, credential_token=NEW_SECRET))
    await gitlab.post(f"/connections/{theirs}/test")
    assert far_side.asked[-1].headers["PRIVATE-TOKEN"] == NEW_SECRET


async def test_a_new_address_needs_the_credentials_again(
    as_: As, far_side: FarSide, superuser: psycopg.Connection
) -> None:
    theirs = await connected(as_("admin"), others_may="edit")
    other, elsewhere = as_("gitlab"), "https://attacker.example.net"
    answer = await other.post(f"/connections/{theirs}", data=edit(address=elsewhere))
    assert answer.status_code == 422
    assert "The address is another one, so enter this again." in words(answer)
    await other.post(f"/connections/{theirs}/test")
    assert far_side.asked[-1].url.host == "gitlab.example.com"
    form = edit(address=elsewhere, credential_token=NEW_SECRET)
    assert (await other.post(f"/connections/{theirs}", data=form)).status_code == 200
    await other.post(f"/connections/{theirs}/test")
    assert far_side.asked[-1].url.host == "attacker.example.net"
    assert far_side.asked[-1].headers["PRIVATE-TOKEN"] == NEW_SECRET


async def test_every_part_of_the_credentials_is_needed_again_for_a_new_address(as_: As) -> None:
    admin = as_("admin")
    form = connection(tool="zendesk", address="https://acme.zendesk.com", credential_email="a@b.c")
    theirs = await connected(admin, **form)
    moved = edit(address="https://evil.example.net", credential_email="x@y.z", name="Z")
    answer = await admin.post(f"/connections/{theirs}", data=moved)
    assert answer.status_code == 422


async def test_changing_the_account_names_the_dependants_and_wants_a_confirmation(
    as_: As,
) -> None:
    admin, gitlab = as_("admin"), as_("gitlab")
    theirs = await connected(gitlab, others_may="edit")
    await created(gitlab, connection_id=theirs, name="Payroll")
    await created(admin, connection_id=theirs, name="Hidden one", project_id=OPS)
    page = words(await gitlab.get(f"/connections/{theirs}/edit"))
    assert "Payroll" in page
    change = edit(1, credential_token=NEW_SECRET)
    answer = await gitlab.post(f"/connections/{theirs}", data=change)
    assert answer.status_code == 422
    assert "Confirm that the integrations that use it may stop working." in words(answer)
    assert "Payroll" in words(answer)
    renamed = await gitlab.post(f"/connections/{theirs}", data=edit(1, name="Renamed"))
    assert renamed.status_code == 200
    sure = edit(2, credential_token=NEW_SECRET, confirmed="yes")
    assert (await gitlab.post(f"/connections/{theirs}", data=sure)).status_code == 200


async def test_dependants_that_the_visitor_may_not_see_are_counted_not_named(as_: As) -> None:
    admin = as_("admin")
    project = as_("project", from_project="PAY")
    theirs = await connected(project)
    await created(admin, connection_id=theirs, name="Secret plan", project_id=OPS)
    for path in ("edit", "delete"):
        page = words(await project.get(f"/connections/{theirs}/{path}"))
        assert "1 that you cannot see" in page
        assert "Secret plan" not in page
    answer = await project.post(f"/connections/{theirs}/delete")
    assert answer.status_code == 409
    assert "Secret plan" not in words(answer)


async def test_one_in_use_cannot_be_deleted_until_nothing_uses_it(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    theirs = await connected(gitlab)
    its = await created(gitlab, connection_id=theirs)
    answer = await gitlab.post(f"/connections/{theirs}/delete")
    assert answer.status_code == 409
    assert "It is used by Payroll." in words(answer)
    assert (await gitlab.post(f"/integrations/{its}/delete")).status_code == 200
    assert (await gitlab.post(f"/connections/{theirs}/delete")).status_code == 200
    assert superuser.execute("SELECT count(*) FROM connections").fetchone() == (0,)


@pytest.mark.parametrize(
    "address",
    ["http://gitlab.com", "https://10.0.0.7", "https://x:y@gitlab.com", "https://intranet", ""],
)
async def test_an_address_that_may_not_be_called_is_not_saved(as_: As, address: str) -> None:
    answer = await as_("admin").post("/connections", data=connection(address=address))
    assert answer.status_code == 422
    assert 'id="field-address-error"' in answer.text


async def test_a_name_that_leads_inside_is_not_saved(as_: As, host_names: Names) -> None:
    host_names.addresses = ["8.8.8.8", "10.0.0.7"]
    answer = await as_("admin").post("/connections", data=connection())
    assert answer.status_code == 422
    assert "private network" in words(answer)


async def test_a_name_that_leads_inside_later_is_not_called(
    as_: As, host_names: Names, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    theirs = await connected(gitlab)
    host_names.addresses = ["169.254.169.254"]
    answer = await gitlab.post(f"/connections/{theirs}/test")
    assert answer.status_code == 200
    assert flag(answer)["kind"] == "error"
    assert "private network" in flag(answer)["body"]
    row = superuser.execute("SELECT test_problem, version FROM connections").fetchone()
    assert row is not None
    assert "private network" in row[0]
    assert row[1] == 1


async def test_the_address_of_a_service_with_but_one_cannot_be_another(
    as_: As, superuser: psycopg.Connection
) -> None:
    form = connection(tool="asana", address="https://attacker.example.net")
    assert (await as_("admin").post("/connections", data=form)).status_code == 422
    form = connection(tool="asana", address="")
    assert (await as_("admin").post("/connections", data=form)).status_code == 200
    assert superuser.execute("SELECT address FROM connections").fetchone() == (
        "https://app.asana.com",
    )


@pytest.mark.parametrize(("status", "shown"), [(200, "Works"), (401, "Failed")])
async def test_a_test_is_remembered_in_the_list(
    as_: As, far_side: FarSide, *, status: int, shown: str
) -> None:
    gitlab = as_("gitlab")
    theirs = await connected(gitlab)
    assert "Not tested" in words(await gitlab.get("/connections"))
    far_side.status = status
    await gitlab.post(f"/connections/{theirs}/test")
    assert shown in words(await gitlab.get("/connections"))


async def test_the_second_of_two_editors_is_told(as_: As) -> None:
    gitlab, admin = as_("gitlab"), as_("admin")
    theirs = await connected(gitlab)
    await admin.post(f"/connections/{theirs}", data=edit(1, name="First"))
    answer = await gitlab.post(f"/connections/{theirs}", data=edit(1, name="Second"))
    assert answer.status_code == 409
    assert "Alice Admin changed the name" in words(answer)
    assert names(await gitlab.get("/connections")) == ["First"]


async def test_filtering_by_tool(as_: As) -> None:
    admin = as_("admin")
    await connected(admin)
    await connected(admin, name="Devops", tool="azure", address="https://dev.azure.com/acme")
    assert names(await admin.get("/connections?tool=azure")) == ["Devops"]
    assert "Nothing matches" in words(await admin.get("/connections?tool=asana"))
    assert (await admin.get("/connections?tool=sap")).status_code == 422
    assert (await admin.get("/connections?after=x")).status_code == 422
