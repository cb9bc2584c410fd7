"""The sandbox's remote control: JSON under /sandbox/api, for tests and scripts."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sandbox.faults import Fault, FaultKind
from sandbox.running import Here
from sandbox.site import Licence

router = APIRouter(prefix="/sandbox/api")


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DescriptorUrl(Body):
    url: str = Field(min_length=1)


class NewName(Body):
    base_url: str | None = Field(default=None, alias="baseUrl")


class LicenceSwitch(Body):
    licence: Licence


class GroupName(Body):
    name: str


class Membership(Body):
    group: str
    account_id: str = Field(alias="accountId")
    member: bool = True


class ProjectAdmin(Body):
    project: str
    account_id: str = Field(alias="accountId")
    admin: bool = True


class NewFault(Body):
    """`count` None: until cleared."""

    kind: FaultKind
    path: str = "/rest/*"
    method: str | None = None
    count: int | None = Field(default=None, ge=1)
    latency_ms: int = Field(default=0, ge=0, alias="latencyMs")
    retry_after: int | None = Field(default=None, ge=0, alias="retryAfter")


class QuotaSetting(Body):
    limit: int | None = Field(default=None, ge=0)
    used: int | None = Field(default=None, ge=0)


class Conditions(Body):
    """What a site is like to work with; what is left out stays as it is.

    `searchLagMs`: how long a change stays unseen by search. `clockSkewMs`: how far its clock is
    ahead. `limits`: whether Jira's limits of calls a second and of writes an issue hold.
    """

    search_lag_ms: int | None = Field(default=None, ge=0, alias="searchLagMs")
    clock_skew_ms: int | None = Field(default=None, alias="clockSkewMs")
    upload_limit: int | None = Field(default=None, ge=1, alias="uploadLimit")
    limits: bool | None = None


class ApiToken(Body):
    """`token` None: the person has none any more."""

    account_id: str = Field(alias="accountId")
    token: str | None = Field(default=None, min_length=1)


class Framed(Body):
    account_id: str | None = Field(default=None, alias="accountId")
    module_key: str = Field(alias="moduleKey")
    project_key: str | None = Field(default=None, alias="projectKey")


class TokenFor(Body):
    account_id: str | None = Field(default=None, alias="accountId")
    project_key: str | None = Field(default=None, alias="projectKey")


@router.get("/state")
def get_state(sandbox: Here) -> dict[str, Any]:
    """Everything but the keys."""
    state = sandbox.site.to_json()
    for secret in ("install_key_pem", "api_tokens", "webhooks"):
        del state[secret]
    if state["addon"] is not None:
        del state["addon"]["shared_secret"]
    return {**state, "faults": sandbox.faults.to_json(), "points": sandbox.quota.used}


@router.post("/install")
async def install(sandbox: Here, body: DescriptorUrl) -> dict[str, str]:
    addon = await sandbox.host.install(body.url)
    return {"key": addon.key, "clientKey": sandbox.site.client_key}


@router.post("/reinstall")
async def reinstall(sandbox: Here) -> dict[str, str]:
    addon = await sandbox.host.reinstall()
    return {"key": addon.key, "clientKey": sandbox.site.client_key}


@router.post("/upgrade")
async def upgrade(sandbox: Here) -> dict[str, str]:
    return {"key": (await sandbox.host.upgrade()).key}


@router.post("/rotate")
async def rotate(sandbox: Here) -> dict[str, str]:
    return {"key": (await sandbox.host.rotate_secret()).key}


@router.post("/rename")
async def rename(sandbox: Here, body: NewName) -> dict[str, str]:
    return {"baseUrl": await sandbox.host.rename(body.base_url)}


@router.post("/import")
async def import_data(sandbox: Here) -> dict[str, str]:
    return {"clientKey": await sandbox.host.import_data()}


@router.post("/uninstall")
async def uninstall(sandbox: Here) -> dict[str, str]:
    await sandbox.host.uninstall()
    return {"clientKey": sandbox.site.client_key}


@router.post("/disable")
async def disable(sandbox: Here) -> dict[str, str]:
    await sandbox.host.disable()
    return {"key": sandbox.host.addon.key}


@router.post("/enable")
async def enable(sandbox: Here) -> dict[str, str]:
    await sandbox.host.enable()
    return {"key": sandbox.host.addon.key}


@router.post("/licence")
def set_licence(sandbox: Here, body: LicenceSwitch) -> dict[str, str]:
    sandbox.host.set_licence(body.licence)
    return {"licence": body.licence}


@router.post("/groups", status_code=201)
def create_group(sandbox: Here, body: GroupName) -> dict[str, str]:
    group = sandbox.site.create_group(body.name)
    return {"name": group.name, "groupId": group.group_id}


@router.delete("/groups/{name_or_id}", status_code=204)
def delete_group(sandbox: Here, name_or_id: str) -> None:
    sandbox.site.delete_group(name_or_id)


@router.post("/groups/{name_or_id}/rename")
def rename_group(sandbox: Here, name_or_id: str, body: GroupName) -> dict[str, str]:
    group = sandbox.site.rename_group(name_or_id, body.name)
    return {"name": group.name, "groupId": group.group_id}


@router.post("/members", status_code=204)
def set_member(sandbox: Here, body: Membership) -> None:
    if body.member:
        sandbox.site.add_member(body.group, body.account_id)
    else:
        sandbox.site.remove_member(body.group, body.account_id)


@router.post("/project-admins", status_code=204)
def set_project_admin(sandbox: Here, body: ProjectAdmin) -> None:
    sandbox.site.set_project_admin(body.project, body.account_id, admin=body.admin)


@router.get("/faults")
def get_faults(sandbox: Here) -> list[dict[str, Any]]:
    return sandbox.faults.to_json()


@router.post("/faults", status_code=201)
def add_fault(sandbox: Here, body: NewFault) -> dict[str, int]:
    fault = Fault(
        body.kind,
        path=body.path,
        method=body.method,
        remaining=body.count,
        latency_ms=body.latency_ms,
        retry_after=body.retry_after,
    )
    return {"id": sandbox.faults.add(fault).id}


@router.delete("/faults", status_code=204)
def clear_faults(sandbox: Here, fault_id: int | None = None) -> None:
    sandbox.faults.clear(fault_id)


@router.post("/quota")
def set_quota(sandbox: Here, body: QuotaSetting) -> dict[str, int]:
    """Both are optional; an hour's turn sets `used` back to nothing."""
    sandbox.quota.limit = body.limit if body.limit is not None else sandbox.quota.limit
    sandbox.quota.used = body.used if body.used is not None else sandbox.quota.used
    return {"limit": sandbox.quota.limit, "used": sandbox.quota.used}


@router.post("/conditions")
async def set_conditions(sandbox: Here, body: Conditions) -> dict[str, Any]:
    issues, quota = sandbox.site.issues, sandbox.quota
    if body.search_lag_ms is not None:
        issues.search_lag_ms = body.search_lag_ms
    if body.clock_skew_ms is not None:
        issues.clock_skew_ms = body.clock_skew_ms
    sandbox.upload_limit = body.upload_limit or sandbox.upload_limit
    if body.limits is not None:
        quota.limited = body.limits
    return {
        "searchLagMs": issues.search_lag_ms,
        "clockSkewMs": issues.clock_skew_ms,
        "uploadLimit": sandbox.upload_limit,
        "limits": quota.limited,
    }


@router.post("/api-token", status_code=204)
async def set_api_token(sandbox: Here, body: ApiToken) -> None:
    """From the first token on, Basic auth takes nothing else."""
    sandbox.site.set_api_token(body.account_id, body.token)


@router.post("/webhooks/release")
async def release_webhooks(sandbox: Here) -> dict[str, int]:
    """Send what the fault webhook-reorder holds back."""
    return {"released": sandbox.webhooks.release()}


@router.get("/requests")
def get_requests(sandbox: Here) -> list[dict[str, Any]]:
    return sandbox.log.to_json()


@router.delete("/requests", status_code=204)
def reset_requests(sandbox: Here) -> None:
    sandbox.log.reset()


@router.post("/frame")
def frame(sandbox: Here, body: Framed) -> dict[str, str]:
    return {"url": sandbox.host.frame_url(body.account_id, body.module_key, body.project_key)}


@router.post("/token")
def token(sandbox: Here, body: TokenFor) -> dict[str, str]:
    return {"token": sandbox.host.context_token(body.account_id, body.project_key)}
