"""Manage apps, View app requests, and the faults that the site can be given."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from sandbox.descriptor import InstallFailedError
from sandbox.faults import Fault, FaultKind
from sandbox.host import Host
from sandbox.modules import modules_of
from sandbox.pages.visit import Visiting
from sandbox.site import Licence

router = APIRouter()
MANAGE = "/plugins/servlet/upm"
REQUESTS = f"{MANAGE}/requests"
FAULTS = "/sandbox/faults"


@router.get(MANAGE)
def manage(visit: Visiting) -> Response:
    visit.require_admin()
    known = visit.sandbox.site.addon
    single = modules_of(known, "configurePage", "postInstallPage") if known else []
    return visit.render(
        "manage_apps.html",
        title="Manage apps",
        known=known,
        links={module.kind: module for module in single},
        licences=list(Licence),
        client_key=visit.sandbox.site.client_key,
    )


@router.post(f"{MANAGE}/install")
async def install(visit: Visiting, url: Annotated[str, Form()]) -> Response:
    visit.require_admin()
    try:
        addon = await visit.sandbox.host.install(url, account_id=visit.person.account_id)
    except InstallFailedError as failed:
        return visit.back_to(MANAGE, f"The app was not installed. {failed}")
    return visit.back_to(MANAGE, f"Installed and ready to go: {addon.name}.")


@router.post(f"{MANAGE}/licence")
def licence(visit: Visiting, licence: Annotated[Licence, Form()]) -> Response:
    visit.require_admin()
    visit.sandbox.host.set_licence(licence)
    return visit.back_to(MANAGE, f"The licence is now: {licence}.")


async def _change(host: Host, action: str) -> str:
    """Do what the button says; the answer is what the admin reads afterwards."""
    if action == "uninstall":
        await host.uninstall()
        return "The app was uninstalled."
    if action in ("enable", "disable"):
        await (host.enable() if action == "enable" else host.disable())
        return f"The app was {action}d."
    if action == "rename":
        return f"The site is now at {await host.rename()}."
    if action == "import":
        return f"Data imported: the site's clientKey is now {await host.import_data()}."
    await {"reinstall": host.reinstall, "upgrade": host.upgrade, "rotate": host.rotate_secret}[
        action
    ]()
    return {
        "reinstall": "The app was installed again with a new secret.",
        "upgrade": "The app was upgraded to its present descriptor.",
        "rotate": "The shared secret was rotated.",
    }[action]


@router.post(f"{MANAGE}/do")
async def change(visit: Visiting, action: Annotated[str, Form()]) -> Response:
    visit.require_admin()
    try:
        done = await _change(visit.sandbox.host, action)
    except InstallFailedError as failed:
        return visit.back_to(MANAGE, f"That did not work. {failed}")
    answer = visit.back_to(MANAGE, done)
    if action == "rename":
        # Cookies stay with the old name of the site.
        next_page = f"/be/{visit.person.account_id}?next={MANAGE}"
        return visit.back_to(next_page)
    return answer


@router.get(REQUESTS)
def requests(visit: Visiting) -> Response:
    visit.require_admin()
    entries = list(reversed(visit.sandbox.log.entries))[:200]
    return visit.render(
        "requests.html", title="App requests", entries=entries, quota=visit.sandbox.quota
    )


@router.post(REQUESTS)
def reset_requests(visit: Visiting) -> Response:
    visit.require_admin()
    visit.sandbox.log.reset()
    return visit.back_to(REQUESTS, "The log is empty.")


@router.get(FAULTS)
def faults(visit: Visiting) -> Response:
    return visit.render(
        "faults.html", title="Faults", faults=visit.sandbox.faults.active, kinds=list(FaultKind)
    )


@router.post(FAULTS)
def add_fault(
    visit: Visiting,
    kind: Annotated[FaultKind, Form()],
    path: Annotated[str, Form()] = "/rest/*",
    count: Annotated[str, Form()] = "",
    latency_ms: Annotated[int, Form()] = 0,
) -> Response:
    remaining = int(count) if count.isdigit() and int(count) else None
    visit.sandbox.faults.add(Fault(kind, path=path, remaining=remaining, latency_ms=latency_ms))
    return visit.back_to(FAULTS, f"From now on: {kind} for {path}.")


@router.post(f"{FAULTS}/clear")
def clear_faults(visit: Visiting, fault_id: Annotated[int | None, Form()] = None) -> Response:
    visit.sandbox.faults.clear(fault_id)
    return visit.back_to(FAULTS, "Cleared.")
