"""User management: groups and who is in them."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from sandbox.pages.visit import Visiting

router = APIRouter(prefix="/admin/groups")
PAGE = "/admin/groups"


@router.get("")
def groups(visit: Visiting) -> Response:
    visit.require_admin()
    site = visit.sandbox.site
    names = {person.account_id: person.display_name for person in site.people}
    shown = sorted(site.groups, key=lambda group: group.name)
    return visit.render("groups.html", title="Groups", groups=shown, names=names)


@router.post("")
def create(visit: Visiting, name: Annotated[str, Form()]) -> Response:
    visit.require_admin()
    try:
        group = visit.sandbox.site.create_group(name)
    except ValueError as refused:
        return visit.back_to(PAGE, f"The group was not created: {refused}.")
    return visit.back_to(f"{PAGE}#{group.group_id}", f"Group {group.name} was created.")


@router.post("/{group_id}/members")
def change_members(
    visit: Visiting,
    group_id: str,
    account_id: Annotated[str, Form()],
    member: Annotated[bool, Form()],
) -> Response:
    visit.require_admin()
    site = visit.sandbox.site
    group = site.group(group_id)
    name = site.person(account_id).display_name
    if member:
        site.add_member(group_id, account_id)
    else:
        site.remove_member(group_id, account_id)
    done = "was added to" if member else "was removed from"
    return visit.back_to(f"{PAGE}#{group_id}", f"{name} {done} {group.name}.")


@router.post("/{group_id}/rename")
def rename(visit: Visiting, group_id: str, name: Annotated[str, Form()]) -> Response:
    visit.require_admin()
    try:
        group = visit.sandbox.site.rename_group(group_id, name.strip())
    except ValueError as refused:
        return visit.back_to(PAGE, f"The group keeps its name: {refused}.")
    return visit.back_to(f"{PAGE}#{group_id}", f"The group is now named {group.name}.")


@router.post("/{group_id}/delete")
def delete(visit: Visiting, group_id: str) -> Response:
    visit.require_admin()
    name = visit.sandbox.site.group(group_id).name
    visit.sandbox.site.delete_group(group_id)
    return visit.back_to(PAGE, f"Group {name} was deleted.")
