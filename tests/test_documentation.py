"""The documents tell the truth, as far as a machine can see."""

import re
from pathlib import Path

from app.settings import Settings
from app.support.console.settings import ConsoleSettings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]


def test_every_test_that_proves_a_promise_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 50
    for path, test in named:
        text = (ROOT / path).read_text()
        assert re.search(rf"^(async )?def {test}\(", text, re.M), f"{path}::{test}"


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    fields = {**ConsoleSettings.model_fields, **Settings.model_fields}
    for name, field in fields.items():
        row = re.search(rf"^\| `{name.upper()}` \| (.*?) \|", text, re.M)
        assert row, name
        default = field.default
        if isinstance(default, list):
            default = ",".join(default) or "empty"
        if not field.is_required():
            assert str(default if default is not None else "unset") in row[1], name


def test_no_link_between_documents_is_broken() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
