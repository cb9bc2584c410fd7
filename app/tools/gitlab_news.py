"""Webhooks of a GitLab project.

Source: GitLab, "Webhooks", "Webhook events", "Project webhooks API". A signing token (of newer
GitLabs) signs as Standard Webhooks do; a secret token (of all) is sent as it is.
"""

import base64
import contextlib
import hmac
import time
from typing import Any

from app.tools.gitlab_http import GitLabHttp
from app.tools.http import ToolHttp
from app.tools.news import HOOK_NAME, News, is_same, key_of, member, told_id
from app.tools.side import ItemGone, SideError

OLDEST_S = 3600
"""Clocks of people's own GitLabs are wrong by minutes; older than this, it is a repetition."""
_OF_ISSUES = {"Issue Hook", "Confidential Issue Hook"}
_OF_NOTES = {"Note Hook", "Confidential Note Hook"}
_EVENTS = (
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
)


class GitLabNews:
    """`TellsNews` of GitLab. It tells of everything but that an issue was deleted."""

    where = "Settings > Webhooks of the project"
    steps = (
        "In the GitLab project open Settings > Webhooks and choose Add new webhook.",
        "Enter the address as URL and the secret as Secret token.",
        "Under Trigger clear Push events and tick Comments, Confidential comments, Issues events "
        "and Confidential issues events.",
        "Choose Add webhook. Test > Issues events shows whether it arrives.",
    )

    def is_proven(self, news: News, secret: str) -> bool:
        signed = news.header("webhook-signature")
        if signed:
            return _is_signed(news, signed, secret)
        return is_same(news.header("x-gitlab-token"), secret)

    def is_about(self, news: News, place: str) -> bool:
        event, said = news.header("x-gitlab-event"), news.said()
        if event in _OF_NOTES:
            is_of_issue = member(said, "object_attributes", "noteable_type") == "Issue"
        else:
            is_of_issue = event in _OF_ISSUES
        return is_of_issue and _is_of_place(member(said, "project"), place)

    def deleted(self, news: News) -> str | None:  # noqa: ARG002 - GitLab tells nobody
        return None

    async def register(self, http: ToolHttp, place: str, address: str, secret: str) -> str:
        project = GitLabHttp(http, place)
        hook = {
            "url": address,
            "name": HOOK_NAME,
            "push_events": False,
            **dict.fromkeys(_EVENTS, True),
        }
        made = await project.change(
            "POST", "/hooks", {**hook, "token": secret, "signing_token": secret}
        )
        hook_id = told_id(made, "id", "GitLab")
        if made.get("signing_token_present"):
            # What signs need not travel; where this fails, it does, and all is as in older GitLabs.
            with contextlib.suppress(SideError):
                await project.change("PUT", f"/hooks/{hook_id}", {**hook, "token": ""})
        return hook_id

    async def remove(self, http: ToolHttp, place: str, registered: str) -> None:
        with contextlib.suppress(ItemGone):
            await GitLabHttp(http, place).change("DELETE", f"/hooks/{registered}")


def _is_signed(news: News, signatures: str, secret: str) -> bool:
    message, sent_at = news.header("webhook-id"), news.header("webhook-timestamp")
    signed = f"{message}.{sent_at}.".encode(errors="replace") + news.body
    digest = hmac.digest(key_of(secret), signed, "sha256")
    expected = f"v1,{base64.b64encode(digest).decode()}"
    # All of them are compared, so that no answer comes earlier than another.
    is_ours = any([is_same(each, expected) for each in signatures.split()[:10]])  # noqa: C419
    is_fresh = sent_at.isdecimal() and abs(time.time() - int(sent_at[:12])) < OLDEST_S
    return is_ours and is_fresh


def _is_of_place(project: Any, place: str) -> bool:
    path, number = member(project, "path_with_namespace"), member(project, "id")
    named = {str(each).casefold() for each in (path, number) if each is not None}
    return not named or place.casefold() in named
