"""Who reads a run's log, that each opening is noted, and what a reader gets."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import httpx
import pytest

from app.runs.models import Run
from app.runs.reporting_log import LINES_AT_ONCE, LONGEST_SHOWN
from sandbox.running import Sandbox
from tests.integrations.kit import words
from tests.people import Visitor
from tests.runs.reporting_kit import ALICE, GIA, LINES, SECRET, Reports

As = Callable[..., Visitor]
PATHS = ("/log", "/log/more?mark=0.0", "/log/download")


def more(answer: httpx.Response) -> str:
    """The address that fetches what comes after."""
    found = re.search(r'hx-get="([^"]*/log/more[^"]*)"', answer.text)
    assert found, answer.text
    return unescape(found[1])


def messages(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r"</span><div>(.*?)<details>", answer.text)


@pytest.mark.parametrize("path", PATHS)
async def test_a_log_is_read_by_its_owner_and_administrators_and_nobody_else(
    reports: Reports, as_: As, path: str
) -> None:
    run = await reports.run(reports.integration())
    for person, project, status in (
        ("gitlab", None, 200),
        ("admin", None, 200),
        ("azure", None, 403),
        ("project", "PAY", 403),
        ("nobody", None, 403),
    ):
        answer = await as_(person, from_project=project).get(f"/runs/{run.id}{path}")
        assert answer.status_code == status, (person, answer.text)
        assert (SECRET in answer.text) == (status == 200)


async def test_who_may_not_read_it_is_told_why_and_whom_to_ask(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration())
    answer = await as_("azure").get(f"/runs/{run.id}")
    told = words(answer)
    assert "only the owner of the integration and Jira administrators can read it" in told
    assert "Whom to ask: G Gia" in told or "Gia" in told.partition("Whom to ask:")[2]
    assert "/log" not in answer.text
    assert SECRET not in answer.text


async def test_each_opening_of_a_log_is_in_the_trail(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration())
    for path in PATHS:
        await as_("gitlab").get(f"/runs/{run.id}{path}")
    await as_("admin").get(f"/runs/{run.id}/log")
    trail = reports.trail()
    assert [(who, what["log"]) for who, allowed, _, _, what in trail if allowed] == [
        (GIA, "shown"),
        (GIA, "followed"),
        (GIA, "downloaded"),
        (ALICE, "shown"),
    ]
    assert {entry[3] for entry in trail} == {str(run.id)}


async def test_a_refused_opening_is_in_the_trail(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration())
    axel = as_("azure")
    await axel.get(f"/runs/{run.id}/log")
    await axel.get(f"/runs/{run.id}/log/download")
    assert [(who, allowed, thing) for who, allowed, _, thing, _ in reports.trail()] == [
        (axel.account, False, str(run.id))
    ]


async def test_following_and_filtering_an_open_log_is_one_opening(
    reports: Reports, as_: As
) -> None:
    run = await reports.run(reports.integration(), "running")
    gia = as_("gitlab")
    first = await gia.get(f"/runs/{run.id}/log")
    address = more(first)
    for _ in range(3):
        address = more(await gia.get(address))
    token = re.search(r'name="token" value="([^"]+)"', first.text)
    assert token
    await gia.get(f"/runs/{run.id}/log?level=error&token={token[1]}")
    assert len(reports.trail()) == 1


async def test_an_opening_can_not_be_made_up_passed_on_or_kept(
    reports: Reports, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration_id = reports.integration()
    run, other = await reports.run(integration_id, "running"), await reports.run(integration_id)
    gia, alice = as_("gitlab"), as_("admin")
    address = more(await gia.get(f"/runs/{run.id}/log"))
    assert len(reports.trail()) == 1
    await alice.get(address)  # another person
    await gia.get(address.replace(str(run.id), str(other.id)))  # another run
    for token in ("", "x", "AAAA", "é", "%00"):
        await gia.get(f"/runs/{run.id}/log/more?mark=0.0&token={token}")
    assert len(reports.trail()) == 1 + 2 + 5
    monkeypatch.setattr("app.runs.openings.LASTS", timedelta(0))
    await gia.get(address)  # too late
    assert len(reports.trail()) == 9


async def test_who_lost_access_meanwhile_follows_no_further(
    reports: Reports, as_: As, configured: Sandbox
) -> None:
    run = await reports.run(reports.integration(), "running")
    gia = as_("gitlab")
    address = more(await gia.get(f"/runs/{run.id}/log"))
    reports.superuser.execute("UPDATE integrations SET owner = %s", (ALICE,))
    await reports.log(run, [("info", "PAY-4", "", "Not for Gia any more.")])
    answer = await gia.get(address)
    assert answer.status_code == 403
    assert "Not for Gia" not in answer.text
    assert reports.trail()[-1][:2] == (GIA, False)


async def test_lines_that_come_appear_once_and_in_order(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration(), "running")
    gia = as_("gitlab")
    answer = await gia.get(f"/runs/{run.id}/log")
    assert messages(answer) == [line[3] for line in LINES]
    for number in range(3):
        await reports.log(run, [("info", "PAY-4", "", f"Page {number}.")])
        answer = await gia.get(more(answer))
        assert messages(answer) == [f"Page {number}."]
    assert messages(await gia.get(more(answer))) == []
    reports.superuser.execute("UPDATE runs SET state = 'done', finished_at = now()")
    await reports.log(run, [("info", "PAY-4", "", "Last.")], is_end=True)
    answer = await gia.get(more(answer))
    assert messages(answer) == ["Last."]
    assert "The end of the log." in answer.text
    assert "hx-get" not in answer.text


async def test_a_long_log_comes_in_parts_each_line_once(reports: Reports, as_: As) -> None:
    lines = [("info", f"PAY-{number}", "", f"No {number}.") for number in range(950)]
    run = await reports.run(reports.integration(), lines=[])
    reports.superuser.execute("DELETE FROM log_chunks")
    for begin in range(0, 950, 70):
        await reports.log(run, lines[begin : begin + 70])
    await reports.log(run, [], is_end=True)
    gia, found = as_("gitlab"), []
    answer = await gia.get(f"/runs/{run.id}/log")
    while "/log/more" in answer.text:
        assert len(messages(answer)) == LINES_AT_ONCE
        found += messages(answer)
        answer = await gia.get(more(answer))
    assert [*found, *messages(answer)] == [line[3] for line in lines]
    some = await gia.get(f"/runs/{run.id}/log?item=pay-777")
    assert messages(some) == ["No 777."]


async def test_of_a_run_that_goes_on_the_last_lines_are_shown_first(
    reports: Reports, as_: As
) -> None:
    run = await reports.run(reports.integration(), "running", lines=[])
    for page in range(12):
        await reports.log(run, [("info", "", "", f"{page}-{line}.") for line in range(50)])
    answer = await as_("gitlab").get(f"/runs/{run.id}/log")
    assert messages(answer)[-1] == "11-49."
    assert messages(answer)[0] == "10-0."
    whole = await as_("gitlab").get(f"/runs/{run.id}/log?begin=first")
    assert messages(whole)[0] == "0-0."


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=debug", [0, 1, 2]),
        ("level=info", [0, 1, 2]),
        ("level=warning", [1, 2]),
        ("level=error", [2]),
        ("item=PAY-1", [0]),
        ("item=%239", [2]),
        ("item=%20pay-2%20&level=info", [1]),
        ("item=PAY", []),
    ],
)
async def test_lines_are_found_by_level_and_item(
    reports: Reports, as_: As, query: str, found: list[int]
) -> None:
    run = await reports.run(reports.integration())
    answer = await as_("gitlab").get(f"/runs/{run.id}/log?{query}")
    assert messages(answer) == [LINES[number][3] for number in found]


@pytest.mark.parametrize("query", ["level=loud", "item=%00", "item=" + "x" * 300])
async def test_a_filter_that_the_page_does_not_offer_is_refused(
    reports: Reports, as_: As, query: str
) -> None:
    run = await reports.run(reports.integration())
    assert (await as_("gitlab").get(f"/runs/{run.id}/log?{query}")).status_code == 422
    more_of_it = f"/runs/{run.id}/log/more?mark=9999999999.1"
    assert (await as_("gitlab").get(more_of_it)).status_code == 422


async def test_the_download_has_every_line_whole_as_json(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration())
    answer = await as_("gitlab").get(f"/runs/{run.id}/log/download")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert "attachment" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["level"], line["jira"], line["tool"], line["message"]) for line in lines] == [
        *LINES
    ]
    assert all(line["data"] == {"title": SECRET} for line in lines)


async def test_a_download_cannot_be_put_into_a_page(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration())
    answer = await as_("gitlab").get(f"/runs/{run.id}/log/download", headers={"HX-Target": "main"})
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert reports.trail() == []


async def test_a_damaged_log_shows_what_is_proven_and_says_so(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration(), lines=[])
    reports.superuser.execute("DELETE FROM log_chunks")
    for number in range(3):
        await reports.log(run, [("info", "", "", f"Page {number}.")])
    reports.superuser.execute("UPDATE log_chunks SET lines = 7 WHERE number = 1")
    answer = await as_("gitlab").get(f"/runs/{run.id}/log")
    assert messages(answer) == ["Page 0."]
    assert "This log is not whole" in words(answer)
    file = await as_("gitlab").get(f"/runs/{run.id}/log/download")
    assert json.loads(file.text.splitlines()[-1])["event"] == "log damaged"
    assert "Page 1." not in file.text


@pytest.mark.parametrize("path", PATHS)
async def test_a_log_past_its_time_is_told_to_be_gone(reports: Reports, as_: As, path: str) -> None:
    run = await reports.run(reports.integration())
    reports.superuser.execute("UPDATE runs SET log_expires_at = now() - interval '1 second'")
    answer = await as_("gitlab").get(f"/runs/{run.id}{path}")
    assert answer.status_code == 404
    assert "expired" in answer.text
    assert reports.trail() == []
    assert "expired and its key is destroyed" in words(await as_("gitlab").get(f"/runs/{run.id}"))


async def test_a_run_without_a_log_says_so(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration(), keep_days=0)
    assert "There is no log of this run" in words(await as_("gitlab").get(f"/runs/{run.id}"))


async def test_nothing_of_a_log_is_in_the_app_s_own_log(
    reports: Reports, as_: As, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run = await reports.run(reports.integration())
    for path in ("", *PATHS):
        assert SECRET in (await as_("gitlab").get(f"/runs/{run.id}{path}")).text or not path
    said = capsys.readouterr()
    for text in (said.out, said.err, caplog.text):
        assert SECRET not in text
        assert "GitLab refused" not in text


async def test_what_moved_is_cut_on_the_page_and_whole_in_the_file(
    reports: Reports, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "x" * (LONGEST_SHOWN + 500)
    monkeypatch.setattr("tests.runs.reporting_kit.SECRET", long)
    run: Run = await reports.run(reports.integration())
    page = await as_("gitlab").get(f"/runs/{run.id}/log")
    assert "500 more characters are in the download" in words(page)
    assert long not in page.text
    assert long in (await as_("gitlab").get(f"/runs/{run.id}/log/download")).text
