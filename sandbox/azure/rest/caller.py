"""Who calls: the owner of a personal access token, by Basic auth with any user name."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from sandbox.azure.rest.errors import AzureError, SignInError, bad_request, no_such_item
from sandbox.azure.running import Azure, Here
from sandbox.azure.state import Project, User, WorkItem

VERSION = re.compile(r"api-version=([\w.-]+)")


def user_of(request: Request, azure: Here) -> User:
    """Raises SignInError, which is answered with a page and 203."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        token = base64.b64decode(value).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise SignInError from None
    name = azure.state.tokens.get(token) if scheme == "Basic" else None
    user = azure.state.user(name) if name is not None else None
    if user is None:
        raise SignInError
    return user


Me = Annotated[User, Depends(user_of)]


def version_of(request: Request) -> str:
    """From the query or the Accept header; writes need one."""
    accepted = VERSION.search(request.headers.get("accept", ""))
    version = request.query_params.get("api-version") or (accepted[1] if accepted else "")
    if not version and request.method not in ("GET", "OPTIONS"):
        raise bad_request(
            f'No api-version was supplied for the "{request.method}" request. The version must be '
            "supplied either as part of the Accept header or as a query parameter.",
            "VssVersionNotSpecifiedException",
        )
    return version


def _preview(version: Annotated[str, Depends(version_of)]) -> None:
    if version and "-preview" not in version:
        raise bad_request(
            f'The requested version "{version}" of the resource is under preview. The -preview '
            f'flag must be supplied in the api-version for such requests. For example: "{version}'
            '-preview"',
            "VssInvalidPreviewVersionException",
        )


Versioned = Depends(version_of)
Preview = Depends(_preview)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is at home: the organisation, perhaps a project of it."""

    azure: Azure
    me: User
    project: Project | None

    def item(self, item_id: int) -> WorkItem:
        item = self.azure.state.items.get(item_id)
        if item is None or item.deleted_at:
            raise no_such_item(item_id)
        if self.project is not None and item.project_id != self.project.id:
            raise no_such_item(item_id)
        return item


def place_of(request: Request, azure: Here, me: Me) -> Place:
    """Answers for addresses with a project and without one."""
    organization = str(request.path_params["organization"])
    if organization.lower() != azure.state.organization.lower():
        raise AzureError(404, "HostNotFoundException", "VS800075: The organization does not exist.")
    name = request.path_params.get("project")
    if name is None:
        return Place(azure, me, None)
    project = azure.state.project(str(name))
    if project is None:
        raise AzureError(
            404,
            "ProjectDoesNotExistWithNameException",
            f"TF200016: The following project does not exist: {name}. Verify that the name of the "
            "project is correct and that the project exists on the specified Azure DevOps Server.",
        )
    return Place(azure, me, project)


Anywhere = Annotated[Place, Depends(place_of)]


def project_of(place: Anywhere) -> Project:
    """For addresses that always name a project."""
    if place.project is None:
        raise AzureError(404, "ProjectDoesNotExistException", "TF200016: A project is needed here.")
    return place.project


TheProject = Annotated[Project, Depends(project_of)]


def item_of(place: Anywhere, item_id: Annotated[int, Path()]) -> WorkItem:
    return place.item(item_id)


TheItem = Annotated[WorkItem, Depends(item_of)]
Expand = Annotated[str, Query(alias="$expand")]


def listed(text: str | None, read: Callable[[str], int]) -> list[int]:
    """Comma-separated numbers."""
    try:
        return [read(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        raise bad_request("A comma-separated list of numbers was expected.") from None
