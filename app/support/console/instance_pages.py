"""The views of a customer's configuration, as agents see it: nothing on them changes anything."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from markupsafe import Markup

from app.access import Tool
from app.identity.people import Person
from app.integrations.models import Connection, Integration
from app.integrations.pages import actions_of, detail_view, drawn, row_view
from app.integrations.wording import OTHERS_MAY, when
from app.support.console.customer import Part
from app.support.console.looking import Look
from app.support.models import SupportGrant
from app.sync.mapping_pages import title_of
from app.sync.mapping_service import rules_of
from app.sync.mapping_views import (
    MOST_PEOPLE_SHOWN,
    Sheet,
    counts,
    field_lines,
    filled_lines,
    people_lines,
    status_lines,
    way_words,
)
from app.sync.models import TypeMapping
from app.sync.weighing import SideSchemas
from app.web.templates import render


def base_of(look: Look) -> str:
    """The address of the customer."""
    return f"/instances/{look.instance_id}"


def integrations_main(
    look: Look, part: Part[Integration], names: Mapping[UUID, str], grants: Sequence[SupportGrant]
) -> Markup:
    """All integrations and migrations."""
    return render(
        "support/console/integrations.html",
        base=base_of(look),
        instance_id=str(look.instance_id),
        grant=grant_words(grants),
        rows=[
            (
                row_view(row, _owner(row.owner), actions_of(look.visit.caller, row)),
                names.get(row.connection_id, "") if row.connection_id else "",
            )
            for row in part.rows
        ],
        next_href=_next(f"{base_of(look)}/integrations", part.next_cursor),
    )


def integration_main(
    look: Look,
    integration: Integration,
    connection: str | None,
    mappings: Sequence[TypeMapping],
) -> Markup:
    """One integration with its type mappings."""
    actions = actions_of(look.visit.caller, integration)
    return render(
        "support/console/integration.html",
        base=base_of(look),
        it=detail_view(integration, _owner(integration.owner), actions, connection),
        mappings=[(mapping, counts(mapping)) for mapping in mappings],
    )


def mapping_main(look: Look, integration: Integration, mapping: TypeMapping) -> Markup:
    """One type mapping. Fields go by the ids that are stored: support reaches no tool."""
    sheet = Sheet(integration, mapping, rules_of(mapping), SideSchemas())
    rules, label = sheet.rules, sheet.tool_label
    return render(
        "support/console/mapping.html",
        base=base_of(look),
        title=title_of(mapping),
        integration=integration,
        mapping=mapping,
        tool=label,
        fields=[(line.jira, line.tool, line.way, line.more) for line in field_lines(sheet)],
        filled=[(line.tool, line.jira, line.more) for line in filled_lines(sheet)],
        statuses=[(line.jira, line.tool, line.way, line.more) for line in status_lines(sheet)],
        people=[(line.jira, line.tool) for line in people_lines(sheet)],
        more_people=max(0, len(rules.people) - MOST_PEOPLE_SHOWN),
        status_way=way_words(label, rules.status_way),
        comments=way_words(label, rules.comments),
        attachments=way_words(label, rules.attachments),
        hierarchy="Kept" if rules.hierarchy else "Not kept",
    )


def connections_main(look: Look, part: Part[Connection]) -> Markup:
    """All connections; of their credentials only that they are set, and since when."""
    return render(
        "support/console/connections.html",
        base=base_of(look),
        rows=[
            {
                "name": row.name,
                "tool": Tool(row.tool).label,
                "address": row.address,
                "owner": _owner(row.owner),
                "others_may": OTHERS_MAY[row.others_may][0],
                "credentials": when(row.credentials_changed_at),
                "tested": when(row.tested_at) if row.tested_at else "",
                "test_problem": row.test_problem or "",
            }
            for row in part.rows
        ],
        next_href=_next(f"{base_of(look)}/connections", part.next_cursor),
    )


def grant_words(grants: Sequence[SupportGrant]) -> str:
    """Since when and until when support is let in, and the customer's note."""
    if not grants:
        return ""
    grant = grants[0]
    until = f"until {when(grant.ends_at)}" if grant.ends_at else "until it is revoked"
    note = f" Note of the customer: {grant.note}" if grant.note else ""
    return f"Access approved on {when(grant.approved_at)}, {until}.{note}"


def _owner(account: str) -> Markup:
    """Names of people are Jira's, which support does not reach."""
    return drawn(Person(account, account.replace("jira:", "Jira account "), is_known=False))


def _next(path: str, cursor: str) -> str:
    return f"{path}?after={cursor}" if cursor else ""
