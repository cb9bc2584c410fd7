"""So much is missing that it was not believed: who may say that it was deleted, and of what."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest

from app.runs.models import Run
from tests.integrations.kit import flag, words
from tests.people import Visitor
from tests.runs.reporting_kit import Reports

As = Callable[..., Visitor]


@pytest.fixture
def integration_id(reports: Reports) -> UUID:
    """Gia's, of whose linked items many are missing in GitLab."""
    its = reports.integration()
    reports.links(its, 28)
    reports.links(its, 12, missing_on="tool")
    return its


@pytest.fixture
async def run(reports: Reports, integration_id: UUID) -> Run:
    return await reports.run(integration_id, reason="Many can no longer be found.", lines=None)


def confirmed(reports: Reports) -> dict[str, str]:
    row = reports.superuser.execute("SELECT confirmed FROM looks").fetchone()
    assert row
    found: dict[str, str] = row[0]
    return found


async def asked(visitor: Visitor, run: Run) -> dict[str, str]:
    """What the dialog sends."""
    dialog = await visitor.get(f"/runs/{run.id}/gone/confirm?side=tool")
    assert dialog.status_code == 200, dialog.text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', dialog.text))


@pytest.mark.parametrize("person", ["gitlab", "admin"])
async def test_owner_and_admins_say_it_and_the_trail_tells_how_many_and_where(
    reports: Reports, run: Run, as_: As, person: str
) -> None:
    visitor = as_(person)
    page = words(await visitor.get(f"/runs/{run.id}/gone"))
    assert "12 of 40 linked items can no longer be found in GitLab." in page
    dialog = words(await visitor.get(f"/runs/{run.id}/gone/confirm?side=tool"))
    assert "The next run ends these 12 links" in dialog
    assert "The counterparts in Jira stay as they are" in dialog
    answer = await visitor.post(f"/runs/{run.id}/gone/confirm", data=await asked(visitor, run))
    assert flag(answer)["title"] == "Confirmed"
    assert confirmed(reports).keys() == {"tool"}
    assert "Confirmed: they were deleted in GitLab" in words(
        await visitor.get(f"/runs/{run.id}/gone")
    )
    noted = reports.superuser.execute(
        "SELECT account, details FROM audit_entries WHERE details ? 'deletions'"
    ).fetchall()
    assert noted == [
        (visitor.account, {"deletions": "confirmed", "in": "tool", "items": 12}),
    ]


async def test_where_deletions_are_copied_the_dialog_says_what_will_be_deleted(
    reports: Reports, run: Run, as_: As
) -> None:
    reports.superuser.execute("UPDATE integrations SET copies_deletions = true")
    dialog = words(await as_("gitlab").get(f"/runs/{run.id}/gone/confirm?side=tool"))
    assert "it deletes the 12 counterparts in Jira too" in dialog
    reports.superuser.execute("UPDATE integrations SET direction = 'to_tool'")
    dialog = words(await as_("gitlab").get(f"/runs/{run.id}/gone/confirm?side=tool"))
    assert "deletes the" not in dialog


async def test_others_see_it_with_the_reason_why_they_may_not_say_it(
    reports: Reports, run: Run, as_: As
) -> None:
    sent = await asked(as_("gitlab"), run)
    page = await as_("azure").get(f"/runs/{run.id}/gone")
    assert "12 of 40" in words(page)
    assert "Only its owner and administrators" in words(page)
    assert "/gone/confirm" not in page.text
    for refused in (
        await as_("azure").get(f"/runs/{run.id}/gone/confirm?side=tool"),
        await as_("azure").post(f"/runs/{run.id}/gone/confirm", data=sent),
    ):
        assert refused.status_code == 403
    assert confirmed(reports) == {}


@pytest.mark.parametrize(
    "change", ["one more", "one back", "another", "all back", "deletions copied"]
)
async def test_what_was_asked_about_another_picture_is_refused(
    reports: Reports, integration_id: UUID, run: Run, as_: As, change: str
) -> None:
    gia = as_("gitlab")
    sent = await asked(gia, run)
    back = {"one back": 1, "another": 1, "all back": 12}.get(change, 0)
    reports.superuser.execute(
        "UPDATE links SET missing_on = NULL, missing_since = NULL"
        " WHERE id IN (SELECT id FROM links WHERE missing_on = 'tool' LIMIT %s)",
        (back,),
    )
    if change == "deletions copied":
        reports.superuser.execute("UPDATE integrations SET copies_deletions = true")
    if change in {"one more", "another"}:
        reports.links(integration_id, 1, missing_on="tool")
    answer = await gia.post(f"/runs/{run.id}/gone/confirm", data=sent)
    assert answer.status_code == 409
    assert "not what you were shown" in answer.text
    assert confirmed(reports) == {}


async def test_made_up_and_empty_pictures_and_other_sides_confirm_nothing(
    reports: Reports, run: Run, as_: As
) -> None:
    gia = as_("gitlab")
    right = await asked(gia, run)
    for sent, status in (
        ({**right, "picture": ""}, 409),
        ({**right, "picture": "0" * 32}, 409),
        ({**right, "side": "jira"}, 409),
        ({**right, "side": "both"}, 422),
        ({"side": "tool"}, 422),
    ):
        answer = await gia.post(f"/runs/{run.id}/gone/confirm", data=sent)
        assert answer.status_code == status
    assert confirmed(reports) == {}


async def test_where_little_is_missing_nothing_is_asked(
    reports: Reports, run: Run, as_: As
) -> None:
    reports.superuser.execute("UPDATE links SET missing_on = NULL, missing_since = NULL")
    gia = as_("gitlab")
    assert "missing" not in words(await gia.get(f"/runs/{run.id}/gone"))
    assert (await gia.get(f"/runs/{run.id}/gone/confirm?side=tool")).status_code == 409
