"""What each tool's proof is, and which of its news are about an integration."""

import json
import time
from typing import Any

import pytest

from app.access import Tool
from app.tools.news import News, new_secret
from app.tools.tellers import TELLERS
from tests.news.kit import ANOTHER, ISSUE, lower, of_azure, of_gitlab, of_jira, signed

SECRET = new_secret()
BODY = b'{"a": 1}'
GITLAB, AZURE, JIRA = (TELLERS[tool] for tool in (Tool.GITLAB, Tool.AZURE, Tool.JIRA))
PROOFS = [
    (GITLAB, of_gitlab(token=SECRET), True),
    (GITLAB, of_gitlab(SECRET, body=BODY), True),
    (GITLAB, of_gitlab(SECRET, token="", body=BODY) | {"webhook-signature": "v1,AAAA"}, False),
    (GITLAB, of_gitlab(token=ANOTHER), False),
    (GITLAB, of_gitlab(token=SECRET[:-1]), False),
    (GITLAB, of_gitlab(token=f"{SECRET}\ud800"), False),
    (GITLAB, of_gitlab(), False),
    (GITLAB, of_gitlab(ANOTHER, body=BODY), False),
    (GITLAB, of_gitlab(SECRET, body=b"another body"), False),
    # A signature that is wrong is not made good by a token.
    (GITLAB, of_gitlab(ANOTHER, token=SECRET, body=BODY), False),
    (GITLAB, signed(SECRET, BODY) | {"webhook-id": "msg_2"}, False),
    (GITLAB, signed(SECRET, BODY) | {"webhook-timestamp": "now"}, False),
    (GITLAB, signed(SECRET, BODY) | {"webhook-timestamp": "9" * 400}, False),
    (GITLAB, signed(SECRET, BODY, at=time.time() - 600), True),
    (GITLAB, signed(SECRET, BODY, at=time.time() - 7200), False),
    (GITLAB, signed(SECRET, BODY, at=time.time() + 7200), False),
    (AZURE, of_azure(SECRET), True),
    (AZURE, of_azure(SECRET, user="whoever"), True),
    (AZURE, of_azure(ANOTHER), False),
    (AZURE, of_azure(""), False),
    (AZURE, {"Authorization": f"Bearer {SECRET}"}, False),
    (AZURE, {"Authorization": "Basic no-base64!"}, False),
    (AZURE, {"Authorization": "Basic /w=="}, False),
    (AZURE, {}, False),
    (JIRA, of_jira(SECRET, BODY), True),
    (JIRA, of_jira(ANOTHER, BODY), False),
    (JIRA, of_jira(SECRET, b"another body"), False),
    (JIRA, {"X-Hub-Signature": of_jira(SECRET, BODY)["X-Hub-Signature"].upper()}, False),
    (JIRA, {"X-Hub-Signature": "sha256="}, False),
    (JIRA, {}, False),
]


@pytest.mark.parametrize(("teller", "headers", "holds"), PROOFS)
def test_a_proof_holds_exactly_if_whoever_sent_it_knows_the_secret(
    teller: Any, headers: dict[str, str], holds: bool
) -> None:
    assert teller.is_proven(News(lower(headers), BODY), SECRET) is holds


def test_a_signature_is_the_one_of_standard_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the specification."""
    monkeypatch.setattr(time, "time", lambda: 1614265330.0)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert GITLAB.is_proven(News(headers, b'{"test": 2432232314}'), secret)


def _gitlab(event: str, **body: Any) -> tuple[Any, dict[str, str], dict[str, Any], str]:
    return GITLAB, {"x-gitlab-event": event}, body, "acme/payments"


HERE = {"id": 7, "path_with_namespace": "acme/payments"}
OF_AN_ISSUE, OF_A_MERGE = {"noteable_type": "Issue"}, {"noteable_type": "MergeRequest"}
ENG = {"fields": {"project": {"key": "ENG"}}}
PAYMENTS = {"fields": {"System.TeamProject": "Payments"}}
ABOUT = [
    (*_gitlab("Issue Hook", project=HERE), True),
    (*_gitlab("Confidential Issue Hook", project=HERE), True),
    (*_gitlab("Issue Hook", project={"id": 7, "path_with_namespace": "Acme/Payments"}), True),
    (*_gitlab("Issue Hook", project={"path_with_namespace": "acme/website"}), False),
    (*_gitlab("Issue Hook", project="odd"), True),
    (*_gitlab("Note Hook", project=HERE, object_attributes=OF_AN_ISSUE), True),
    (*_gitlab("Note Hook", project=HERE, object_attributes=OF_A_MERGE), False),
    (*_gitlab("Push Hook", project=HERE), False),
    (*_gitlab("", project=HERE), False),
    (GITLAB, {"x-gitlab-event": "Issue Hook"}, {"project": HERE}, "7", True),
    (AZURE, {}, {"eventType": "workitem.created", "resource": None}, "Payments", True),
    (AZURE, {}, {"eventType": "workitem.updated", "resource": {"revision": PAYMENTS}}, "x", False),
    (AZURE, {}, {"eventType": "workitem.created", "resource": PAYMENTS}, "payments", True),
    (AZURE, {}, {"eventType": "workitem.created", "resource": PAYMENTS}, "Website", False),
    (AZURE, {}, {"eventType": "build.complete"}, "Payments", False),
    (AZURE, {}, {"eventType": ["workitem.created"]}, "Payments", False),
    (JIRA, {}, {"webhookEvent": "jira:issue_updated", "issue": ENG}, "ENG", True),
    (JIRA, {}, {"webhookEvent": "comment_created", "issue": ENG}, "ENG", True),
    (JIRA, {}, {"webhookEvent": "jira:issue_updated", "issue": ENG}, "SUP", False),
    (JIRA, {}, {"webhookEvent": "jira:version_released"}, "ENG", False),
    (JIRA, {}, {}, "ENG", False),
]


@pytest.mark.parametrize(("teller", "headers", "said", "place", "holds"), ABOUT)
def test_news_of_other_things_and_other_places_are_not_about_it(
    teller: Any, headers: dict[str, str], said: dict[str, Any], place: str, holds: bool
) -> None:
    assert teller.is_about(News(headers, json.dumps(said).encode()), place) is holds


DELETED = [
    (AZURE, {"eventType": "workitem.deleted", "resource": {"id": 5}}, "5"),
    (AZURE, {"eventType": "workitem.deleted", "resource": None}, None),
    (AZURE, {"eventType": "workitem.deleted", "resource": {"id": "5' OR"}}, None),
    (AZURE, {"eventType": "workitem.deleted", "resource": {"id": [5]}}, None),
    (AZURE, {"eventType": "workitem.updated", "resource": {"id": 5}}, None),
    (JIRA, {"webhookEvent": "jira:issue_deleted", "issue": {"id": "10005"}}, "10005"),
    (JIRA, {"webhookEvent": "jira:issue_deleted", "issue": {"id": "9" * 400}}, None),
    (JIRA, {"webhookEvent": "jira:issue_deleted"}, None),
    (JIRA, {"webhookEvent": "comment_deleted", "issue": {"id": "10005"}}, None),
    (GITLAB, {"object_kind": "issue", "object_attributes": {"id": 5}}, None),
]


@pytest.mark.parametrize(("teller", "said", "item"), DELETED)
def test_only_news_of_a_deletion_name_an_item_that_may_be_gone(
    teller: Any, said: dict[str, Any], item: str | None
) -> None:
    assert teller.deleted(News({}, json.dumps(said).encode())) == item


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b"null", b"[" * 100_000, ISSUE[:-1]])
def test_a_body_that_cannot_be_read_breaks_nothing(body: bytes) -> None:
    for teller in TELLERS.values():
        assert teller.is_about(News({"x-gitlab-event": "Note Hook"}, body), "x") is False
        assert teller.deleted(News({}, body)) is None
