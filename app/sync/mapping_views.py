"""Type mappings as the pages draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.access import Action, Tool
from app.errors import CannotTell, Conflict
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.wording import when, why_not
from app.sync.mapping_edits import TypePair
from app.sync.mapping_service import rules_of
from app.sync.models import TypeMapping
from app.sync.pairings import back, there
from app.sync.rules import MappingRules, PersonRule, SideName, StatusRule
from app.sync.weighing import SIDES, SideSchemas, field_named, named
from app.tools.items import FieldInfo, Schema, TypeInfo

MOST_PEOPLE_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mapping as it is read, with what is known of both sides."""

    integration: Integration
    mapping: TypeMapping
    rules: MappingRules
    schemas: SideSchemas

    @property
    def tool_label(self) -> str:
        return Tool(self.integration.tool).label

    def type_on(self, side: SideName) -> TypeInfo | None:
        """One of its types, as its side has it now."""
        schema = self.schemas.by_side.get(side)
        name = self.mapping.jira_type if side == "jira" else self.mapping.tool_type
        return schema.type_named(name) if schema else None

    def field_label(self, side: SideName, field_id: str) -> str:
        """What people call a field; its id where that cannot be known."""
        its = self.type_on(side)
        found = field_named(its.fields, field_id) if its else None
        return found.label if found else field_id

    def person_label(self, side: SideName, person_id: str) -> str:
        """What people call somebody; the id where that cannot be known."""
        schema = self.schemas.by_side.get(side)
        people = schema.people if schema else ()
        return next((it.name for it in people if it.id == person_id and it.name), person_id)


@dataclass(frozen=True, slots=True)
class Desk(Sheet):
    """A mapping with everything that its page and its dialogs need to change it."""

    visit: Visit

    @classmethod
    def of(
        cls, visit: Visit, integration: Integration, mapping: TypeMapping, schemas: SideSchemas
    ) -> "Desk":
        """With the rules as they are stored."""
        return cls(integration, mapping, rules_of(mapping), schemas, visit)

    @property
    def base(self) -> str:
        """The address of the mapping."""
        return f"/integrations/{self.integration.id}/mappings/{self.mapping.id}"

    @property
    def change_off(self) -> str:
        """Why the visitor may not change it; empty if they may."""
        return change_off(self.visit, self.integration)

    @property
    def edit_off(self) -> str:
        """Why its rules cannot be edited now."""
        if self.rest_off:
            return self.rest_off
        if self.types is None:
            return "One of its types is not there any more. Choose others first."
        return ""

    @property
    def rest_off(self) -> str:
        """Why its types and the rest cannot be edited now."""
        if self.change_off or not self.schemas.trouble:
            return self.change_off
        return f"What can be mapped could not be read. {self.schemas.trouble}"

    def need_schemas(self) -> Mapping[SideName, Schema]:
        """What both sides have. Raises as ``require_read``."""
        require_read(self.integration, self.schemas)
        return self.schemas.by_side

    @property
    def types(self) -> TypePair | None:
        """Both types, where their sides have them now."""
        found = {side: self.type_on(side) for side in SIDES}
        jira, tool = found["jira"], found["tool"]
        if jira is None or tool is None:
            return None
        return TypePair(jira, tool, self.schemas.by_side, self.tool_label)

    def need_types(self) -> TypePair:
        """Both types; ``Conflict`` where one is gone. Raises as ``require_read``."""
        require_read(self.integration, self.schemas)
        found = self.types
        if found is None:
            raise Conflict(self.edit_off, mend="Nothing was changed.")
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one of the tables: what stands on both sides, and the rest in words."""

    row: int
    jira: str
    way: str
    tool: str
    more: str


def require_read(integration: Integration, schemas: SideSchemas) -> None:
    """Raise ``CannotTell`` where sides could not be read, ``Conflict`` where there is but one."""
    if integration.connection_id is None:
        raise Conflict(schemas.trouble, mend="Edit the integration and choose one.")
    if schemas.trouble:
        raise CannotTell(schemas.trouble, mend="Nothing was changed. Try again in a moment.")


def change_off(visit: Visit, integration: Integration) -> str:
    """Why the visitor may not change an integration; empty if they may."""
    return why_not(visit.can(Action.CHANGE_INTEGRATION, integration))


def ways(tool_label: str) -> list[tuple[str, str]]:
    """The directions as options."""
    return [
        ("both", "Both ways"),
        ("to_tool", f"From Jira to {tool_label}"),
        ("to_jira", f"From {tool_label} to Jira"),
    ]


def way_words(tool_label: str, way: str) -> str:
    """A direction in words; also that nothing is copied."""
    return {"off": "Not copied", **dict(ways(tool_label))}[way]


def field_lines(desk: Sheet) -> list[Line]:
    """The pairs of fields."""
    return [
        Line(
            number,
            desk.field_label("jira", rule.jira),
            way_words(desk.tool_label, rule.way),
            desk.field_label("tool", rule.tool),
            f"{rule.kind}, {_count(len(rule.options), 'choice')} mapped"
            if rule.options
            else str(rule.kind),
        )
        for number, rule in enumerate(desk.rules.fields)
    ]


def filled_lines(desk: Sheet) -> list[Line]:
    """The filled fields; ``jira`` says the side, ``tool`` the field."""
    return [
        Line(
            number,
            "Jira" if rule.side == "jira" else desk.tool_label,
            "",
            desk.field_label(rule.side, rule.field),
            rule.text,
        )
        for number, rule in enumerate(desk.rules.filled)
    ]


def status_lines(desk: Sheet) -> list[Line]:
    """What each status becomes; a pair that says it both ways is one line."""
    pairs = [(rule.jira, rule.tool) for rule in desk.rules.statuses]
    to_tool, to_jira = there(pairs), back(pairs)
    lines = []
    for number, rule in enumerate(desk.rules.statuses):
        goes = to_tool[rule.jira] == rule.tool
        comes = to_jira[rule.tool] == rule.jira
        if goes or comes:
            way = "both" if goes and comes else "to_tool" if goes else "to_jira"
            words = way_words(desk.tool_label, way)
            lines.append(Line(number, rule.jira, words, rule.tool, _demanded(desk, rule)))
    return lines


def people_lines(desk: Sheet) -> list[Line]:
    """The first of the table of people."""
    return [_person_line(desk, *each) for each in enumerate(desk.rules.people[:MOST_PEOPLE_SHOWN])]


def _person_line(desk: Sheet, number: int, rule: PersonRule) -> Line:
    jira, tool = desk.person_label("jira", rule.jira), desk.person_label("tool", rule.tool)
    return Line(number, jira, "", tool, "")


def _demanded(desk: Sheet, rule: StatusRule) -> str:
    told = []
    by_side: dict[SideName, Mapping[str, str]] = {
        "jira": rule.jira_demands,
        "tool": rule.tool_demands,
    }
    for side, given in by_side.items():
        its, status = desk.type_on(side), named(rule, side)
        known = its.demanded.get(status, ()) if its else ()
        for name, text in given.items():
            field = field_named(known, name)
            told.append(f"{field.label if field else name}: {text}")
    return "; ".join(told)


@dataclass(frozen=True, slots=True)
class NameChoice:
    """One name of a side, what it may become, and what it becomes now."""

    name: str
    options: Sequence[tuple[str, str]]
    chosen: str


Rows = Mapping[str, Sequence[Mapping[str, str]]]
"""Lists of a form, as they were entered."""


def choices_of(
    pairs: Sequence[tuple[str, str]], jira: Sequence[str], tool: Sequence[str], rows: Rows
) -> tuple[list[NameChoice], list[NameChoice]]:
    """To the tool and back, as ``rows`` have it if they do.

    Names that are mapped but gone are still listed, and say so.
    """
    to_tool, to_jira = there(pairs), back(pairs)
    first: dict[str, str] = {}
    for name in (*jira, *to_tool):
        if name in to_tool:
            first.setdefault(to_tool[name], name)
    jira_names = list(dict.fromkeys((*jira, *to_tool, *to_jira.values())))
    tool_names = list(dict.fromkeys((*tool, *to_jira, *to_tool.values())))
    # Left open where it comes back as the first that goes there, so that it follows.
    follows = {name for name in tool_names if to_jira.get(name) == first.get(name)}
    return (
        _choices(jira_names, _options(tool_names, tool), to_tool, rows.get("to_tool", ())),
        _choices(
            tool_names,
            _options(jira_names, jira),
            {name: to for name, to in to_jira.items() if name not in follows},
            rows.get("to_jira", ()),
        ),
    )


def _choices(
    names: Sequence[str],
    options: Sequence[tuple[str, str]],
    chosen: Mapping[str, str],
    entered: Sequence[Mapping[str, str]],
) -> list[NameChoice]:
    now = {**chosen, **{row.get("name", ""): row.get("to", "") for row in entered}}
    return [NameChoice(name, options, now.get(name, "")) for name in names]


def _options(names: Sequence[str], there_now: Sequence[str]) -> list[tuple[str, str]]:
    known = set(there_now)
    return [(name, name if name in known else f"{name} (gone)") for name in names]


def labelled(fields: Sequence[FieldInfo]) -> list[tuple[str, str]]:
    """Fields as options of a select."""
    return [
        (
            field.id,
            f"{field.label} ({field.kind}{', required' if field.required else ''}"
            f"{'' if field.writable else ', read only'})",
        )
        for field in fields
    ]


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def counts(mapping: TypeMapping) -> str:
    """What a mapping holds, in a few words."""
    rules = rules_of(mapping)
    parts = [
        _count(len(rules.fields) + len(rules.filled), "field"),
        _count(len({rule.jira for rule in rules.statuses}), "status").replace(
            "statuss", "statuses"
        ),
    ]
    if rules.people:
        parts.append(_count(len(rules.people), "person").replace("persons", "people"))
    return ", ".join(parts)


def updated(mapping: TypeMapping) -> str:
    """When it was last changed."""
    return when(mapping.updated_at)
