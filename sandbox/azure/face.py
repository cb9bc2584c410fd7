"""Azure DevOps as a person sees it on the stand-in's own pages."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from sandbox.azure import work
from sandbox.azure.patch import Patch
from sandbox.azure.rest.errors import AzureError, no_such_item
from sandbox.azure.running import Azure, azure_of
from sandbox.azure.state import Project, User, WorkItem
from sandbox.tools.pages import Row, Sheet, Words


class AzureFace:
    """Pages act as one of the seeded people, so that hooks name a person."""

    name = "Azure DevOps"
    writes_html = True

    def __init__(self, azure: Azure) -> None:
        self.azure = azure

    def places(self) -> Sequence[str]:
        return [project.name for project in self.azure.state.projects]

    def rows(self, place: str) -> Sequence[Row]:
        project = self._project(place)
        items = [
            item
            for item in self.azure.state.items.values()
            if item.project_id == project.id and not item.deleted_at
        ]
        items.sort(key=lambda item: str(item.fields["System.ChangedDate"]), reverse=True)
        return [_row(item) for item in items]

    def sheet(self, place: str, number: int) -> Sheet:
        item, project = self._item(place, number), self._project(place)
        kind = project.type(item.type_name)
        state = str(item.fields["System.State"])
        comments = [comment for comment in item.comments.values() if not comment.deleted]
        return Sheet(
            row=_row(item),
            description=str(item.fields.get(_text_field(item.type_name), "")),
            author=self._name(item.fields.get("System.CreatedBy")),
            assignee=self._name(item.fields.get("System.AssignedTo")),
            labels=str(item.fields.get("System.Tags", "")),
            states=[state, *(kind.ways[state] if kind else ())],
            comments=[
                Words(self._name(each.created_by), each.created[:16].replace("T", " "), each.text)
                for each in sorted(comments, key=lambda each: each.created)
            ],
        )

    def add(self, place: str, by: str, title: str, description: str) -> int:
        project = self._project(place)
        kind = project.types[2]
        fields = {"System.Title": title, _text_field(kind.name): description or None}
        patch = Patch(fields=fields)
        return work.create_item(self.azure, project, kind, patch, self._user(by)).id

    def edit(
        self, place: str, number: int, *, by: str, title: str, description: str, state: str
    ) -> None:
        item = self._item(place, number)
        fields = {
            "System.Title": title,
            _text_field(item.type_name): description or None,
            "System.State": state,
        }
        work.update_item(self.azure, item, Patch(fields=fields), self._user(by))

    def comment(self, place: str, number: int, by: str, text: str) -> None:
        work.add_comment(self.azure, self._item(place, number), self._user(by), text)

    def _project(self, place: str) -> Project:
        project = self.azure.state.project(place)
        if project is None:
            raise AzureError(404, "ProjectDoesNotExist", f"There is no project {place}.")
        return project

    def _item(self, place: str, number: int) -> WorkItem:
        item = self.azure.state.items.get(number)
        if item is None or item.deleted_at or item.project_id != self._project(place).id:
            raise no_such_item(number)
        return item

    def _user(self, login: str) -> User:
        user = self.azure.state.user(f"{login}@example.com")
        if user is None:
            raise AzureError(400, "IdentityNotFound", f"There is nobody called {login}.")
        return user

    def _name(self, unique_name: Any) -> str:
        user = self.azure.state.user(str(unique_name)) if unique_name else None
        return user.display_name if user is not None else ""


def _text_field(type_name: str) -> str:
    """Bugs are described in their steps."""
    return "Microsoft.VSTS.TCM.ReproSteps" if type_name == "Bug" else "System.Description"


def _row(item: WorkItem) -> Row:
    changed = str(item.fields["System.ChangedDate"])[:19].replace("T", " ")
    state, title = str(item.fields["System.State"]), str(item.fields["System.Title"])
    return Row(item.id, title, state, changed, item.comment_count)


def face_of(request: Request) -> AzureFace:
    return AzureFace(azure_of(request))
