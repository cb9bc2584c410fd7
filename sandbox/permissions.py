"""Jira's permissions as far as the site knows them, and who holds them."""

from dataclasses import dataclass

from sandbox.site import SITE_USERS, Addon, Person, Project, SiteState

# key: (id, name). Source: GET /rest/api/3/permissions of a Jira Cloud site.
GLOBAL = {
    "ADMINISTER": ("0", "Administer Jira"),
    "SYSTEM_ADMIN": ("44", "System Administrators"),
    "USER_PICKER": ("27", "Browse users and groups"),
    "CREATE_SHARED_OBJECTS": ("22", "Share dashboards and filters"),
    "MANAGE_GROUP_FILTER_SUBSCRIPTIONS": ("24", "Manage group filter subscriptions"),
    "BULK_CHANGE": ("33", "Make bulk changes"),
    "CREATE_PROJECT": ("53", "Create team-managed projects"),
}
PROJECT = {
    "ADMINISTER_PROJECTS": ("23", "Administer projects"),
    "BROWSE_PROJECTS": ("10", "Browse projects"),
    "CREATE_ISSUES": ("11", "Create issues"),
    "EDIT_ISSUES": ("12", "Edit issues"),
    "DELETE_ISSUES": ("16", "Delete issues"),
    "ADD_COMMENTS": ("15", "Add comments"),
    "ASSIGN_ISSUES": ("13", "Assign issues"),
    "TRANSITION_ISSUES": ("46", "Transition issues"),
    "LINK_ISSUES": ("21", "Link issues"),
    "MODIFY_REPORTER": ("30", "Modify reporter"),
    "CREATE_ATTACHMENTS": ("19", "Create attachments"),
    "DELETE_ALL_ATTACHMENTS": ("38", "Delete all attachments"),
    "DELETE_OWN_ATTACHMENTS": ("39", "Delete own attachments"),
    "EDIT_ALL_COMMENTS": ("34", "Edit all comments"),
    "EDIT_OWN_COMMENTS": ("35", "Edit own comments"),
    "DELETE_ALL_COMMENTS": ("36", "Delete all comments"),
    "DELETE_OWN_COMMENTS": ("37", "Delete own comments"),
}
_EVERYBODYS_GLOBAL = {"USER_PICKER", "CREATE_SHARED_OBJECTS", "BULK_CHANGE"}
# As in Jira's default permission scheme: the role Administrators, where every app's user is too.
_ADMINS_PROJECT = {
    "ADMINISTER_PROJECTS",
    "DELETE_ISSUES",
    "MODIFY_REPORTER",
    "DELETE_ALL_ATTACHMENTS",
    "EDIT_ALL_COMMENTS",
    "DELETE_ALL_COMMENTS",
}

SCOPE_ORDER = ("NONE", "READ", "WRITE", "DELETE", "PROJECT_ADMIN", "ADMIN")


def implied_scopes(addon: Addon) -> set[str]:
    """The descriptor's scopes and those that they imply (ADMIN implies all but the special two)."""
    named = {str(scope).upper() for scope in addon.descriptor.get("scopes", [])}
    ranks = [SCOPE_ORDER.index(scope) for scope in named if scope in SCOPE_ORDER]
    return named | set(SCOPE_ORDER[: max(ranks, default=0) + 1])


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose permissions are asked: a person, the app's own user, or nobody (both None)."""

    site: SiteState
    person: Person | None = None
    addon: Addon | None = None

    @property
    def account_id(self) -> str | None:
        """Whose name stands under what the holder writes; None for nobody."""
        if self.addon is not None:
            return self.addon.account_id
        return self.person.account_id if self.person is not None else None

    @property
    def is_site_admin(self) -> bool:
        if self.addon is not None:
            return "ADMIN" in implied_scopes(self.addon)
        return self.person is not None and self.site.is_admin(self.person.account_id)

    @property
    def is_site_user(self) -> bool:
        if self.addon is not None:
            return True
        if self.person is None or not self.person.active:
            return False
        members = self.site.group(SITE_USERS).members
        return self.person.account_id in members or self.is_site_admin

    def has_global(self, key: str) -> bool:
        if key in _EVERYBODYS_GLOBAL:
            return self.is_site_user
        return self.is_site_admin

    def has_in_project(self, key: str, project: Project) -> bool:
        """Jira admins administer every project, as in the default permission scheme."""
        if key in _ADMINS_PROJECT:
            # Jira puts every app's user in a project role that administers all projects.
            if self.addon is not None or self.is_site_admin:
                return True
            return self.person is not None and self.person.account_id in project.admins
        return self.is_site_user

    def has_anywhere(self, key: str) -> bool:
        """A global permission; a project permission then means "in any project"."""
        if key in GLOBAL:
            return self.has_global(key)
        return any(self.has_in_project(key, project) for project in self.site.projects)

    def has(self, key: str, project: Project | None) -> bool:
        if project is None or key in GLOBAL:
            return self.has_anywhere(key)
        return self.has_in_project(key, project)
