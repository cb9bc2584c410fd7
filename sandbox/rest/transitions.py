"""issue/{key}/transitions: where the workflow lets an issue go, and going there."""

from typing import Any

from fastapi import APIRouter, Request, Response

from sandbox.issues.catalogue import DONE, status_by_id
from sandbox.issues.workflow import Transition, available_from
from sandbox.rest import issue_beans
from sandbox.rest.caller import Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.field_beans import field_metadata
from sandbox.rest.issue_input import Input, IssueDetails, may, visible_issue, writable_issue
from sandbox.rest.issues import apply
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.running import Here
from sandbox.site import SiteState

router = APIRouter()


@router.get("/issue/{id_or_key}/transitions")
async def get_transitions(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    expand: str | None = None,
    transitionId: str | None = None,  # noqa: N803 - Jira's name
) -> dict[str, Any]:
    """Those that are possible now, and for this caller."""
    issue = visible_issue(sandbox, caller, id_or_key)
    found = available_from(issue.fields["status"])
    if not may(sandbox.site, caller, "TRANSITION_ISSUES", issue):
        found = []
    shown = [each for each in found if transitionId in (None, each.id)]
    with_fields = "transitions.fields" in (expand or "")
    charge(request, len(shown), CORE_POINTS)
    return {
        "expand": "transitions",
        "transitions": [_bean(sandbox.site, each, with_fields=with_fields) for each in shown],
    }


def _bean(site: SiteState, transition: Transition, *, with_fields: bool) -> dict[str, Any]:
    bean: dict[str, Any] = {
        "id": transition.id,
        "name": transition.name,
        "to": issue_beans.status(site, transition.target),
        "hasScreen": bool(transition.screen),
        "isGlobal": False,
        "isInitial": False,
        "isAvailable": True,
        "isConditional": False,
        "isLooped": False,
    }
    if with_fields:
        bean["fields"] = {
            name: field_metadata(site, name, required=name in transition.required)
            for name in transition.screen
        }
    return bean


@router.post("/issue/{id_or_key}/transitions", status_code=204)
async def transition_issue(
    request: Request, sandbox: Here, caller: Writer, id_or_key: str, body: IssueDetails
) -> Response:
    """400 where the transition does not leave from the present status, or lacks a field."""
    issue = writable_issue(request, sandbox, caller, id_or_key, "TRANSITION_ISSUES")
    wanted = str((body.transition or {}).get("id", ""))
    if not wanted:
        raise JiraError(400, "Missing 'transition' identifier")
    chosen = {each.id: each for each in available_from(issue.fields["status"])}.get(wanted)
    if chosen is None:
        raise JiraError(
            400,
            "It seems that you have tried to perform an illegal workflow operation. Transition id "
            f"'{wanted}' is not valid for this issue: it is "
            f"{status_by_id[issue.fields['status']].name}.",
        )
    given = Input(sandbox.site, caller, sandbox.site.project(issue.project))
    given.take(body, chosen.screen, issue)
    for name in chosen.required:
        if not given.values.get(name) and name not in given.errors:
            given.errors[name] = f"{name.title()} is required."
    given.refuse()
    given.values["status"] = chosen.target.id
    if chosen.target is DONE:
        given.values["resolutiondate"] = sandbox.site.issues.now()
    elif issue.fields.get("resolution"):
        given.values.update(resolution=None, resolutiondate=None)
    apply(sandbox, caller, issue, given)
    return Response(status_code=204)
