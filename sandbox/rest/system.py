"""serverInfo, applicationrole, the app's licence, the key server and the tenant's cloud id."""

from typing import Any

from fastapi import APIRouter, Response

from sandbox.rest import beans, issue_beans
from sandbox.rest.caller import Anybody, PersonOnly, Unscoped
from sandbox.rest.errors import JiraError
from sandbox.running import Here
from sandbox.site import Addon, Licence
from sandbox.tokens import public_pem

router = APIRouter()
site_router = APIRouter()


@router.get("/serverInfo")
def get_server_info(sandbox: Here, _: Anybody) -> dict[str, Any]:
    return {
        "baseUrl": sandbox.site.base_url,
        "displayUrl": sandbox.site.base_url,
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud",
        "buildNumber": 100291,
        "buildDate": "2026-11-01T00:00:00.000+00:00",
        "serverTime": issue_beans.time_text(sandbox.site.issues.now()),
        "scmInfo": "0" * 40,
        "serverTitle": "Jira",
        "serverTimeZone": "Etc/UTC",
    }


@router.get("/applicationrole")
def get_application_roles(sandbox: Here, caller: PersonOnly) -> list[dict[str, Any]]:
    if not caller.is_site_admin:
        raise JiraError(403, "Administer Jira permission is required.")
    return [beans.application_role(sandbox.site)]


@site_router.get("/rest/atlassian-connect/1/addons/{app_key}")
def get_addon(sandbox: Here, caller: Unscoped, app_key: str) -> dict[str, Any]:
    """Source: Atlassian, "License API for Cloud apps". `license` is there for paid apps alone."""
    addon = caller.addon
    if addon is None:
        raise JiraError(403, "Only the app itself may ask this.")
    if app_key != addon.key:
        raise JiraError(404, f"There is no app with key {app_key}.")
    answer = {
        "key": addon.key,
        "version": str(addon.descriptor.get("version", "1.0.0")),
        "state": "ENABLED" if addon.enabled else "DISABLED",
        "host": {
            "product": "Jira",
            "contacts": [{"name": "Alice Admin", "email": "alice@example.com"}],
        },
        "links": {
            "marketplace": [{"href": f"https://marketplace.atlassian.com/plugins/{addon.key}"}],
            "self": [
                {"href": f"{sandbox.site.base_url}/rest/atlassian-connect/1/addons/{addon.key}"}
            ],
        },
    }
    if _is_licensed_app(addon):
        answer["license"] = licence_bean(addon.licence)
    return answer


def _is_licensed_app(addon: Addon) -> bool:
    return bool(addon.descriptor.get("enableLicensing")) and addon.licence is not Licence.NONE


def licence_bean(licence: Licence) -> dict[str, Any]:
    return {
        "active": licence.active,
        "type": "COMMERCIAL",
        "evaluation": licence is Licence.TRIAL,
        "supportEntitlementNumber": "SEN-500",
        "entitlementId": "E-5H5-T7E-0SB-000",
        "entitlementNumber": "E-5H5-T7E-0SB-000",
    }


@site_router.get("/install-keys/{kid}")
def get_install_key(sandbox: Here, kid: str) -> Response:
    """What connect-install-keys.atlassian.com answers: a PEM, or 404."""
    if kid != sandbox.site.install_key_id:
        return Response("Not found", 404, media_type="text/plain")
    return Response(public_pem(sandbox.site.install_key_pem), media_type="text/plain")


@site_router.get("/_edge/tenant_info")
def get_tenant_info(sandbox: Here) -> dict[str, str]:
    return {"cloudId": sandbox.site.cloud_id}
