"""HTML of Azure DevOps and of everybody else."""

import pytest

from app.sync.richtext import from_html, normal, rewritten, to_html

READ = {
    "<div>a</div><div>b<br></div><div><br></div>": "<p>a</p><p>b</p>",
    "a <span style='font-weight:bold'>b</span> <font color=red><i>c</i></font>":
        "<p>a <strong>b</strong> <em>c</em></p>",
    "<b>a </b>b": "<p><strong>a</strong> b</p>",
    "<ul><li>a<ul><li>b</ul><li>c</ul>": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "<ul><li>a</li><ul><li>b</li></ul></ul>": "<ul><li>a<ul><li>b</li></ul></li></ul>",
    "<ul><li>☑ a<li>☐ b</ul>": '<ul><li data-task="done">a</li><li data-task="open">b</li></ul>',
    "<table><tr><th>a<tr><td>b</table>":
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
    "<pre>a\n<b>b</b></pre>": "<pre><code>a\nb</code></pre>",
    '<a href="#" data-vss-mention="version:2.0,0A1B2C3D-0000-4000-8000-0123456789AB">@Jo</a>':
        '<p><span data-mention="azure:0a1b2c3d-0000-4000-8000-0123456789ab">@Jo</span></p>',
    "<p>see https://x.example/a, then</p>":
        '<p>see <a href="https://x.example/a">https://x.example/a</a>, then</p>',
    "<p><b>a<p>b</b> c": "<p><strong>a</strong></p><p><strong>b</strong> c</p>",
    "<h1>a<ul><li>b</ul>c</h1>": "<h1>a</h1><ul><li>b</li></ul><h1>c</h1>",
    "a &lt;b&gt; &amp;amp; &nbsp; c": "<p>a &lt;b&gt; &amp;amp; \u00a0 c</p>",
    "<video src=https://x.example/v.mp4></video>":
        '<p><a href="https://x.example/v.mp4">https://x.example/v.mp4</a></p>',
    "5 < 6 > 4 & so": "<p>5 &lt; 6 &gt; 4 &amp; so</p>",
    "\ud800 a\x00\x08b \ufffe": "<p>\ufffd ab \ufffd</p>",
    "\ud83d\ude00": "<p>\U0001f600</p>",
    "שלום <b>עולם</b> \u202eabc": "<p>שלום <strong>עולם</strong> \u202eabc</p>",
    "a\u200bb\u200d c": "<p>a\u200bb\u200d c</p>",
}  # fmt: skip


@pytest.mark.parametrize("given", READ)
def test_html_of_others_is_read_as_it_looks(given: str) -> None:
    assert from_html(given).html == READ[given]
    assert normal(READ[given]) == READ[given]


WRITTEN = {
    '<aside data-panel="warning"><p>a</p></aside>':
        "<blockquote><p><strong>Warning</strong></p><p>a</p></blockquote>",
    "<details><summary>More</summary><p>a</p></details>": "<p><strong>More</strong></p><p>a</p>",
    '<ul><li data-task="done">a</li></ul>': "<ul><li>☑ a</li></ul>",
    '<pre><code data-language="python">a</code></pre>':
        '<pre><code class="language-python">a</code></pre>',
    '<p><span data-mention="azure:0a1b">@Jo</span></p>':
        '<p><a href="#" data-vss-mention="version:2.0,0a1b">@Jo</a></p>',
    '<p><span data-mention="gitlab:jo">@jo</span></p>': "<p>@jo</p>",
    '<p>a<img src="attachment:b.png" alt="">c</p>': "<p>a b.png c</p>",
}  # fmt: skip


@pytest.mark.parametrize("page", WRITTEN)
def test_what_azure_devops_does_not_know_is_written_in_what_it_does(page: str) -> None:
    assert to_html(page)[0] == WRITTEN[page]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("<script>x</script>", "script"),
        ("<p style='color:red'>a</p>", "Colours"),
        ("<p align=center>a</p>", "alignment"),
        ("<img src='data:image/png;base64,AAAA' alt=a>", "image"),
        ("<a href='javascript:x'>a</a>", "run code"),
        ("a\x00", "control"),
        ("\ud800", "Broken"),
        ("<!-- a -->", "comment"),
        ("<iframe src=https://x.example></iframe>", "embedded"),
    ],
)
def test_what_is_not_carried_over_is_noted(given: str, told: str) -> None:
    assert any(told in note for note in from_html(given).notes)


def test_a_side_puts_its_own_addresses_and_people_in() -> None:
    page = (
        '<p><img src="attachment:a.png" alt="a.png"> <span data-mention="jira:1">@Jo Doe</span> '
        '<span data-mention="jira:2">@Al</span> <a href="https://x.example">x</a></p>'
    )

    def address(old: str) -> str:
        return "/uploads/a.png" if old == "attachment:a.png" else old

    def person(known: str, name: str) -> tuple[str, str]:
        return ("gitlab:jo", "@jo") if known == "jira:1" else ("", name)

    assert rewritten(page, address=address, person=person) == (
        '<p><img src="/uploads/a.png" alt="a.png"> <span data-mention="gitlab:jo">@jo</span> '
        '@Al <a href="https://x.example">x</a></p>'
    )


def test_an_address_that_may_do_harm_is_not_put_in() -> None:
    page = '<p><a href="https://x.example">x</a></p>'
    assert rewritten(page, address=lambda _: "javascript:alert(1)") == page
