"""GitLab's Markdown, as people write it and as we write it for them."""

import pytest

from app.sync.richtext import from_markdown, to_markdown

BOTH_WAYS = {
    "# Title": "<h1>Title</h1>",
    "a **b** _c_ ~~d~~ `e`": "<p>a <strong>b</strong> <em>c</em> <s>d</s> <code>e</code></p>",
    "H<sub>2</sub>O <ins>new</ins>": "<p>H<sub>2</sub>O <u>new</u></p>",
    "a\\\nb": "<p>a<br>b</p>",
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "- [x] a\n- [ ] b": '<ul><li data-task="done">a</li><li data-task="open">b</li></ul>',
    "> a\n>\n> b": "<blockquote><p>a</p><p>b</p></blockquote>",
    "> [!warning]\n> a": '<aside data-panel="warning"><p>a</p></aside>',
    "```python\na = 1\n\nb\n```": '<pre><code data-language="python">a = 1\n\nb</code></pre>',
    "***": "<hr>",
    "| a | b |\n| --- | --- |\n| c \\| d | e<br>f |":
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
    "<tbody><tr><td>c | d</td><td>e<br>f</td></tr></tbody></table>",
    "[a](https://x.example/b)": '<p><a href="https://x.example/b">a</a></p>',
    "<https://x.example/b_c>": '<p><a href="https://x.example/b_c">https://x.example/b_c</a></p>',
    "![shot](/uploads/0f/a.png)": '<p><img src="/uploads/0f/a.png" alt="shot"></p>',
    "<details>\n<summary>More</summary>\n\n- a\n\n</details>": "<details><summary>More</summary>"
    "<ul><li>a</li></ul></details>",
    "thanks @jo-doe.x, and @group/sub":
    '<p>thanks <span data-mention="gitlab:jo-doe.x">@jo-doe.x</span>, '
    'and <span data-mention="gitlab:group/sub">@group/sub</span></p>',
    "see #12, !3, %4 and ~bug": "<p>see #12, !3, %4 and ~bug</p>",
    "a snake_case name and 2 * 3": "<p>a snake_case name and 2 * 3</p>",
    "a[^1]\n\n[^1]: why": "<p>a[^1]</p><p>[^1]: why</p>",
    'cell <span data-mention="gitlab:jo">@jo</span>s':
    '<p>cell <span data-mention="gitlab:jo">@jo</span>s</p>',
}  # fmt: skip


@pytest.mark.parametrize("text", BOTH_WAYS)
def test_what_people_write_is_read_and_written_the_same(text: str) -> None:
    assert from_markdown(text).html == BOTH_WAYS[text]
    assert to_markdown(BOTH_WAYS[text])[0] == text


READ = {
    "Title\n=====": "<h1>Title</h1>",
    "* a\n* b": "<ul><li>a</li><li>b</li></ul>",
    "- a\n\n- b": "<ul><li>a</li><li>b</li></ul>",
    "    code": "<pre><code>code</code></pre>",
    ">>>\na\n\nb\n>>>": "<blockquote><p>a</p><p>b</p></blockquote>",
    "> [!TIP] Do this\n> a":
    '<aside data-panel="success"><p><strong>Do this</strong><br>a</p></aside>',
    "https://x.example/a_b.": '<p><a href="https://x.example/a_b">https://x.example/a_b</a>.</p>',
    "[a][b]\n\n[b]: https://x.example": '<p><a href="https://x.example">a</a></p>',
    "[b]: https://x.example 'T'": "<p>[b]: "
    "<a href=\"https://x.example\">https://x.example</a> 'T'</p>",
    "\\@all a@b.example": "<p>@all a@b.example</p>",
    "a <script>alert(1)</script> b": "<p>a b</p>",
    "<div onclick=x>a</div>": "<p>a</p>",
    "| a |\n|---|\n| b | c | d |": "<table><thead><tr><th>a</th></tr></thead>"
    "<tbody><tr><td>b c d</td></tr></tbody></table>",
    "a <!-- hint --> b": "<p>a b</p>",
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_other_ways_of_writing_are_read_too(text: str) -> None:
    assert from_markdown(text).html == READ[text]


WRITTEN = {
    "<p># a</p>": "\\# a",
    "<p>1. a</p>": "1\\. a",
    "<p>- a</p>": "\\- a",
    "<p>&lt;b&gt; &amp;amp; *x* [y](z)</p>": "\\<b> \\&amp; \\*x\\* \\[y\\](z)",
    "<p>@all look</p>": "\\@all look",
    '<p><span data-mention="jira:1">@Jo Doe</span> look</p>': "\\@Jo Doe look",
    "<p>mid<strong>dle</strong></p>": "mid<strong>dle</strong>",
    "<p><strong>a:</strong>b</p>": "<strong>a:</strong>b",
    "<p><code>a`b</code></p>": "``a`b``",
    "<pre><code>```</code></pre>": "````\n```\n````",
    '<p><img src="attachment:a.png" alt=""></p>': "a.png",
    "<table><tbody><tr><td>a</td><td>b @jo</td></tr></tbody></table>":
    "<table><tbody><tr><td>a</td>"
    "<td>b <span>@</span>jo</td></tr></tbody></table>",
}  # fmt: skip


@pytest.mark.parametrize("page", WRITTEN)
def test_words_are_never_taken_for_syntax(page: str) -> None:
    assert to_markdown(page)[0] == WRITTEN[page]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a <!-- hint --> b", "comment"),
        ("<script>x</script>", "script"),
        ("[unused]: /b", "definitions"),
        ("| a |\n|:-:|\n| b |", "alignment"),
        ("> " * 200 + "a", "deep"),
        ("[a](file://x)", "link"),
    ],
)
def test_what_is_not_carried_over_is_noted(text: str, told: str) -> None:
    rich = from_markdown(text)
    assert any(told in note for note in rich.notes), rich.notes
