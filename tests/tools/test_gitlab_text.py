"""What only GitLab's texts have: marks, orders to be obeyed, links to files of the project."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sync.richtext import from_markdown, to_markdown
from app.tools.gitlab_text import (
    Place,
    html_of,
    link_to,
    markdown_of,
    name_for_upload,
    uploads_in,
    with_mark,
    without_mark,
    without_orders,
)
from sandbox.gitlab.quick_actions import taken_out

HERE = Place(101, "https://gitlab.example.com/acme/payments")
SECRET = "0123456789abcdef0123456789abcdef"
FILE = f"{SECRET}/shot.png"
LINES = st.lists(
    st.sampled_from(
        ["/close", "/label ~bug", " /close", "/", "text", "```", "````", "~~~", "```sh", "", "/etc"]
    ),
    max_size=9,
).map("\n".join)
# GitLab's own rule for what is left alone: code between two lines of ticks, however they pair.
GITLABS_CODE = re.compile(r"^```.+?^```$", re.MULTILINE | re.DOTALL)


@given(st.text(), st.uuids())
def test_a_mark_that_was_put_in_comes_out_and_nothing_else(text: str, mark: UUID) -> None:
    assert without_mark(with_mark(text, mark)) == (text.rstrip(), mark)


@pytest.mark.parametrize(
    "text", ["", "text", "<!-- getint -->", "<!-- getint:1234 -->", "<!-- a comment -->"]
)
def test_what_is_no_mark_stays(text: str) -> None:
    assert without_mark(text) == (text, None)


def test_words_that_people_added_behind_the_mark_are_kept() -> None:
    mark = uuid4()
    text = with_mark("Before", mark) + "\n\nAfter"
    assert without_mark(text) == ("Before\n\nAfter", mark)


@pytest.mark.parametrize(
    "text",
    [" " * 1_000_000, "[" * 1_000_000, "(/uploads/" * 100_000, '"' * 1_000_000, "```\n" * 200_000],
    ids=["spaces", "brackets", "links", "quotes", "fences"],
)
def test_no_text_takes_longer_than_its_length(text: str) -> None:
    assert without_mark(text) == (text, None)
    assert list(uploads_in(text, HERE)) == []
    assert without_orders(text) == text


@given(LINES)
def test_no_text_gives_orders_and_every_text_reads_as_before(text: str) -> None:
    quiet = without_orders(text)
    assert not any(line.startswith("/") for line in quiet.split("\n"))
    assert taken_out(quiet) == (quiet, {})
    assert taken_out(GITLABS_CODE.sub("", quiet))[1] == {}
    assert from_markdown(quiet).html == from_markdown(text).html


@settings(max_examples=60)
@given(LINES, st.booleans())
def test_canonical_text_survives_the_way_to_gitlab_and_back(text: str, in_code: bool) -> None:
    html = from_markdown(f"````\n{text}\n````" if in_code else text).html
    assert html_of(markdown_of(html)[0], HERE).html == from_markdown(to_markdown(html)[0]).html


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"![shot](/uploads/{FILE})", [FILE]),
        (f"[a [b\\]](/uploads/{FILE})", [FILE]),
        (f"[log](<{HERE.web_url}/uploads/{SECRET}/a.txt>)", [f"{SECRET}/a.txt"]),
        (f'<img src="/uploads/{FILE}" width="20">', [FILE]),
        (f"[1]: /uploads/{FILE}", [FILE]),
        (f"[x](https://gitlab.example.com/-/project/101/uploads/{FILE})", [FILE]),
        (f"![](/uploads/{FILE}) ![](/uploads/{SECRET}/two.png)", [FILE, f"{SECRET}/two.png"]),
        (f"[x](https://gitlab.example.com/-/project/999/uploads/{FILE})", []),
        (f"[x](https://evil.example.com/uploads/{FILE})", []),
        ("[x](/uploads/short/shot.png)", []),
        (f"[x](/uploads/{SECRET}/)", []),
        ("", []),
    ],
)
def test_files_are_links_to_uploads_of_this_project(text: str, found: list[str]) -> None:
    assert [upload.id for upload in uploads_in(text, HERE)] == found


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60))
def test_our_own_link_gives_the_name_that_the_file_had(name: str) -> None:
    path = f"{SECRET}/{name_for_upload(name)}"
    text = with_mark(link_to(path, name, is_picture=False), uuid4())
    assert [(upload.id, upload.name) for upload in uploads_in(text, HERE)] == [(path, name)]


@given(st.text(max_size=300))
def test_the_name_for_an_upload_is_one_part_of_a_path(name: str) -> None:
    made = name_for_upload(name)
    assert made
    assert len(made) <= 200
    assert not set(made) & set("/\\ <>()\"'%?#")
    assert made.strip(".")


def test_links_to_files_lead_to_gitlab_from_everywhere_and_pictures_are_the_items_own() -> None:
    rich = html_of(f"[log](/uploads/{SECRET}/a.txt) ![s](/uploads/{FILE})", HERE)
    assert f'href="{HERE.web_url}/uploads/{SECRET}/a.txt"' in rich.html
    assert 'src="attachment:shot.png"' in rich.html
    text, _ = markdown_of(rich.html, HERE, {"shot.png": FILE})
    assert text == f"[log](/uploads/{SECRET}/a.txt) ![s](/uploads/{FILE})"


def test_a_picture_that_gitlab_does_not_have_is_kept_by_name() -> None:
    text, notes = markdown_of('<p><img src="attachment:other.png" alt="Other"></p>', HERE, {})
    assert "Other" in text
    assert notes
