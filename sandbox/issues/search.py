"""JQL, answered: which issues a query means, and in which order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.issues.catalogue import FIELDS, Field, Kind
from sandbox.issues.conditions import Asked, Predicate, condition
from sandbox.issues.jql import Clause, JqlError, Not, Order, Query, Tree, parse
from sandbox.issues.models import Issue
from sandbox.permissions import Holder
from sandbox.site import SiteState

_SORTABLE: dict[str, Callable[[Issue], Any]] = {
    "id": lambda issue: issue.id,
    "created": lambda issue: issue.created,
    "updated": lambda issue: issue.updated,
    "priority": lambda issue: -int(issue.fields.get("priority") or 0),
    "duedate": lambda issue: issue.fields.get("duedate") or "9999",
    "summary": lambda issue: issue.fields.get("summary", "").lower(),
}
_SORTABLE_NAMES = {"createddate": "created", "updateddate": "updated", "due": "duedate"}
_KEYS = {"key", "issuekey", "issue"}
UNBOUNDED = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)
_BY_CLAUSE = {name.lower(): field for field in FIELDS for name in field.jql_names}


@dataclass(frozen=True)
class Search:
    """One query of one caller."""

    site: SiteState
    caller: Holder
    jql: str

    @cached_property
    def query(self) -> Query:
        return parse(self.jql)

    @cached_property
    def _matches(self) -> Predicate:
        where = self.query.where
        return compiled(self.site, self.caller, where) if where is not None else lambda _: True

    def require_bounds(self) -> None:
        if self.query.where is None:
            raise JqlError(UNBOUNDED)

    def holds_for(self, issue: Issue) -> bool:
        return self._matches(issue)

    def found(self, reconcile: Iterable[int] = ()) -> list[Issue]:
        """Everything that the caller may see, as it is now, in the order asked for."""
        matches, order = self._matches, self._sort_keys()
        allowed = {
            project.id
            for project in self.site.projects
            if self.caller.has_in_project("BROWSE_PROJECTS", project)
        }
        hits = [
            (seen, real)
            for seen, real in self.site.issues.searchable(reconcile)
            if seen.project in allowed and matches(seen)
        ]
        for key, descending in reversed(order):
            hits.sort(key=lambda hit: key(hit[0]), reverse=descending)
        return [real for _, real in hits]

    def _sort_keys(self) -> list[tuple[Callable[[Issue], Any], bool]]:
        order = self.query.order or (Order("created", descending=True),)
        keys = [(self._sort_key(each.field), each.descending) for each in order]
        return [*keys, (_SORTABLE["id"], order[-1].descending)]

    def _sort_key(self, name: str) -> Callable[[Issue], Any]:
        lower = name.lower()
        if lower in _KEYS:
            return lambda issue: (issue.key.rpartition("-")[0], issue.number)
        key = _SORTABLE.get(_SORTABLE_NAMES.get(lower, lower))
        if key is None:
            raise JqlError(f"Not able to sort using field '{name}'.")
        return key


def compiled(site: SiteState, caller: Holder, tree: Tree) -> Predicate:
    """JqlError where a field, an operator or a value is not known."""
    if isinstance(tree, Clause):
        return _clause(site, caller, tree)
    if isinstance(tree, Not):
        inside = compiled(site, caller, tree.part)
        return lambda issue: not inside(issue)
    parts = [compiled(site, caller, part) for part in tree.parts]
    if tree.word == "and":
        return lambda issue: all(part(issue) for part in parts)
    return lambda issue: any(part(issue) for part in parts)


def _clause(site: SiteState, caller: Holder, clause: Clause) -> Predicate:
    asked = Asked(site, caller, clause)
    name = clause.field.lower()
    if name in _KEYS or name == "id":
        return condition("key", asked, _issue_id)
    if name == "statuscategory":
        return condition("category", asked, lambda issue: issue.fields["status"])
    if name in ("comment", "text"):
        return condition("text", asked, _comments if name == "comment" else _all_text)
    path = indexed_path(site, clause.field)
    if path is not None:
        return condition("property", asked, lambda issue: _at(issue.properties, path))
    field = _BY_CLAUSE.get(name)
    if field is None or field.kind is Kind.LISTED:
        raise JqlError(
            f"Field '{clause.field}' does not exist or you do not have permission to view it."
        )
    return condition(field.kind, asked, _value_of(field), field)


def _value_of(field: Field) -> Callable[[Issue], Any]:
    if field.id in ("created", "updated", "creator", "project"):
        return lambda issue: getattr(issue, field.id)
    return lambda issue: issue.fields.get(field.id)


def _issue_id(issue: Issue) -> int:
    return issue.id


def _comments(issue: Issue) -> list[Any]:
    return [comment.body for comment in issue.comments]


def _all_text(issue: Issue) -> list[Any]:
    texts = [issue.fields.get(name) for name in ("summary", "description", "customfield_10035")]
    return [*(text for text in texts if text), *_comments(issue)]


def indexed_path(site: SiteState, name: str) -> tuple[str, ...] | None:
    """(property key, object path...) where the app's descriptor has it indexed, else None.

    Source: Atlassian, "Entity property" module: what no app declared can not be searched.
    """
    addon = site.addon
    if addon is None or not addon.installed:
        return None
    modules = addon.descriptor.get("modules", {}).get("jiraEntityProperties", [])
    for module in modules:
        if module.get("entityType", "issue") != "issue":
            continue
        for configured in module.get("keyConfigurations", []):
            key = str(configured["propertyKey"])
            for extraction in configured.get("extractions", []):
                inner = str(extraction["objectName"])
                if _names(name, key, inner, extraction.get("alias")):
                    return key, *inner.split(".")
    return None


def _names(name: str, key: str, inner: str, alias: str | None) -> bool:
    plain = name.replace('"', "").replace("'", "").lower()
    full = f"issue.property[{key}].{inner}".lower()
    return plain == full or (alias is not None and plain == alias.lower())


def _at(properties: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = properties
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if value is None or isinstance(value, list) else str(value)
