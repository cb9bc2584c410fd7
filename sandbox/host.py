"""The Connect host: installs the app, tells it of what happens, and signs what it frames."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.descriptor import InstallFailedError, checked
from sandbox.modules import context_parameters, framed_path, module_of, path_hash
from sandbox.request_log import Exchange, RequestLog, without_token
from sandbox.site import Addon, Licence, NotOnThisSiteError, SiteState, new_shared_secret
from sandbox.tokens import CONTEXT_LIFE, CONTEXT_QSH, sign_install, sign_page

LIFECYCLE_TIMEOUT = 10.0


class Host:
    """One site's side of Atlassian Connect; every change is told to the app as Jira tells it."""

    def __init__(self, site: SiteState, app_http: httpx.AsyncClient, log: RequestLog) -> None:
        self.site = site
        self.log = log
        self._http = app_http
        self._turn = asyncio.Lock()

    @property
    def addon(self) -> Addon:
        """The installed app, or NotOnThisSiteError."""
        if self.site.addon is None or not self.site.addon.installed:
            raise NotOnThisSiteError("no app is installed")
        return self.site.addon

    async def install(self, descriptor_url: str, *, account_id: str | None = None) -> Addon:
        """Fetch the descriptor and install; also after an uninstall, with the same clientKey.

        Raises InstallFailedError with the sentence that Jira would show.
        """
        descriptor = await self._fetch_descriptor(descriptor_url)
        known = self.site.addon
        addon = Addon(descriptor, descriptor_url, new_shared_secret())
        if known is not None and known.key == addon.key:
            addon.licence = known.licence
        async with self._turn:
            await self._installed(addon, account_id=account_id)
            await self._enable(addon)
        return addon

    async def reinstall(self) -> Addon:
        """Install again over the present one: a new secret."""
        return await self.install(self.addon.descriptor_url)

    async def upgrade(self) -> Addon:
        """Take a new version of the descriptor; the secret stays."""
        addon = self.addon
        descriptor = await self._fetch_descriptor(addon.descriptor_url)
        async with self._turn:
            newer = Addon(
                descriptor, addon.descriptor_url, addon.shared_secret, addon.licence, enabled=True
            )
            await self._installed(newer)
            await self._enable(newer)
        return newer

    async def rotate_secret(self) -> Addon:
        """A new shared secret for an app that stays as it is; no `enabled` follows."""
        addon = self.addon
        async with self._turn:
            rotated = Addon(
                addon.descriptor,
                addon.descriptor_url,
                new_shared_secret(),
                addon.licence,
                enabled=addon.enabled,
            )
            await self._installed(rotated)
        return rotated

    async def rename(self, base_url: str | None = None) -> str:
        """Give the site another address (between localhost and 127.0.0.1 if none is named)."""
        before = self.site.base_url
        self.site.base_url = (base_url or other_loopback(before)).rstrip("/")
        try:
            if self.site.addon is not None and self.site.addon.installed:
                async with self._turn:
                    await self._installed(self.site.addon)
        except InstallFailedError:
            self.site.base_url = before
            raise
        self.site.save()
        return self.site.base_url

    async def import_data(self) -> str:
        """Another site's data takes this address: a new clientKey, the same base URL."""
        before = self.site.client_key
        self.site.client_key = str(uuid.uuid4())
        try:
            await self.reinstall()
        except InstallFailedError:
            self.site.client_key = before
            raise
        return self.site.client_key

    async def uninstall(self) -> None:
        """`disabled` and `uninstalled` leave together; their answers change nothing."""
        addon = self.addon
        async with self._turn:
            await asyncio.gather(
                self._tell(addon, "disabled"),
                self._tell(addon, "uninstalled"),
                return_exceptions=True,
            )
            addon.installed = addon.enabled = False
            self.site.save()

    async def disable(self) -> None:
        """As an admin does on Manage apps."""
        await self._notify(self.addon, "disabled")
        self.addon.enabled = False
        self.site.save()

    async def enable(self) -> None:
        """As an admin does on Manage apps."""
        await self._enable(self.addon)

    def set_licence(self, licence: Licence | str) -> None:
        """No event tells the app: it has to ask, or read `lic` of the next page."""
        self.addon.licence = Licence(licence)
        self.site.save()

    def frame_url(
        self,
        account_id: str | None,
        module_key: str,
        project_key: str | None = None,
        custom: Mapping[str, str] | None = None,
    ) -> str:
        """The signed address of a page of the app, for this person, whatever its conditions say.

        `account_id` None is an anonymous visitor; `custom` are the page's `ac.` parameters.
        """
        addon = self.addon
        person = self.site.person(account_id) if account_id is not None else None
        project = self.site.project(project_key) if project_key is not None else None
        values = context_parameters(person, project, custom or {})
        path = framed_path(addon, module_of(addon, module_key), values, self.site.base_url)
        token = sign_page(
            self.site.client_key,
            addon.shared_secret,
            qsh=path_hash("GET", path),
            account_id=account_id,
        )
        return f"{addon.base_url}{path}&jwt={token}"

    def context(self, project_key: str | None = None) -> dict[str, Any]:
        """What `AP.context.getContext` answers."""
        if project_key is None:
            return {}
        project = self.site.project(project_key)
        return {"jira": {"project": {"id": str(project.id), "key": project.key}}}

    def context_token(self, account_id: str | None, project_key: str | None = None) -> str:
        """What `AP.context.getToken` answers: 15 minutes, bound to no address."""
        return sign_page(
            self.site.client_key,
            self.addon.shared_secret,
            qsh=CONTEXT_QSH,
            account_id=account_id,
            context=self.context(project_key),
            life=CONTEXT_LIFE,
        )

    async def _fetch_descriptor(self, url: str) -> dict[str, Any]:
        try:
            response = await self.send("GET", url)
        except httpx.HTTPError as failed:
            raise InstallFailedError(
                f"The app host did not answer when we tried to fetch {url} "
                f"({type(failed).__name__})."
            ) from None
        return checked(url, response)

    async def _installed(self, addon: Addon, *, account_id: str | None = None) -> None:
        """Synchronous: the site keeps the new state only when the app has said 200 or 204."""
        url = addon.base_url + str(addon.descriptor["lifecycle"]["installed"])
        try:
            response = await self._tell(addon, "installed", account_id=account_id)
        except httpx.HTTPError as failed:
            raise InstallFailedError(
                f"The app host did not answer when we tried to contact it at {url} "
                f"during app installation ({type(failed).__name__})."
            ) from None
        if response is None or response.status_code not in (200, 204):
            status = response.status_code if response else 0
            raise InstallFailedError(
                f"The app host returned HTTP response code {status} when we tried to contact it "
                f"at {url} during app installation. Please try again later or contact the vendor."
            )
        self.site.addon = addon
        self.site.save()

    async def _enable(self, addon: Addon) -> None:
        addon.enabled = True
        self.site.save()
        await self._notify(addon, "enabled")

    async def _notify(self, addon: Addon, event: str) -> None:
        """A notification: an app that does not answer changes nothing."""
        await asyncio.gather(self._tell(addon, event), return_exceptions=True)

    async def _tell(
        self, addon: Addon, event: str, *, account_id: str | None = None
    ) -> httpx.Response | None:
        path = addon.descriptor.get("lifecycle", {}).get(event)
        if path is None:
            return None
        qsh = path_hash("POST", path)
        if event in ("installed", "uninstalled"):
            token = sign_install(
                self.site.client_key,
                self.site.install_key_pem,
                self.site.install_key_id,
                audience=addon.base_url,
                qsh=qsh,
                account_id=account_id,
            )
        else:
            token = sign_page(self.site.client_key, addon.shared_secret, qsh=qsh)
        return await self.send(
            "POST",
            addon.base_url + path,
            json=self.payload(addon, event),
            headers={"Authorization": f"JWT {token}"},
        )

    def payload(self, addon: Addon, event: str) -> dict[str, Any]:
        """A lifecycle event's body; the secret travels in `installed` alone."""
        body = {
            "key": addon.key,
            "clientKey": self.site.client_key,
            "oauthClientId": "c2FuZGJveC1vYXV0aC1jbGllbnQ",
            "serverVersion": "100291",
            "pluginsVersion": "1001.0.0-SNAPSHOT",
            "baseUrl": self.site.base_url,
            "displayUrl": self.site.base_url,
            "displayUrlServicedeskHelpCenter": self.site.base_url,
            "productType": "jira",
            "description": "Atlassian Jira at the sandbox",
            "entitlementId": "E-5H5-T7E-0SB-000",
            "entitlementNumber": "E-5H5-T7E-0SB-000",
            "eventType": event,
        }
        if event == "installed":
            body["sharedSecret"] = addon.shared_secret
        return body

    async def send(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        """A request to somebody else, written down in the log of requests."""
        parts = urlsplit(url)
        started, status, note = time.perf_counter(), 0, ""
        try:
            response = await self._http.request(method, url, timeout=LIFECYCLE_TIMEOUT, **kwargs)
            status = response.status_code
        except httpx.HTTPError as failed:
            note = type(failed).__name__
            raise
        finally:
            taken = (time.perf_counter() - started) * 1000
            path = without_token(parts.path, parts.query)
            self.log.add(Exchange("to app", method, path, status, round(taken, 1), note=note))
        return response


def other_loopback(base_url: str) -> str:
    """The same place on this machine under its other name."""
    parts = urlsplit(base_url)
    name = "127.0.0.1" if parts.hostname == "localhost" else "localhost"
    return parts._replace(netloc=f"{name}:{parts.port}" if parts.port else name).geturl()
