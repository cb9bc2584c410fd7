"""What a caller writes into a field, read as Jira reads it; and a value as a history tells it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sandbox.issues import adf
from sandbox.issues.catalogue import (
    BY_ID,
    DEFAULT_PRIORITY,
    PRIORITIES,
    RESOLUTIONS,
    Field,
    Kind,
    Named,
    priority_by_id,
    resolution_by_id,
    status_by_id,
    type_by_id,
)
from sandbox.issues.models import Issue
from sandbox.site import NotOnThisSiteError, Project, SiteState

TEXT_LIMIT = 32_767
SUMMARY_LIMIT = 255
LINE_LIMIT = 255
TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


class BadValueError(ValueError):
    """The value does not suit its field; the text is Jira's."""


def read_document(value: Any) -> adf.Document | None:
    """A rich text that may be nothing, within Jira's limit."""
    if value is None:
        return None
    try:
        document = adf.check(value)
    except adf.NotADocumentError:
        raise BadValueError(NOT_ADF) from None
    if len(adf.plain_text(document)) > TEXT_LIMIT:
        raise BadValueError(TOO_LONG)
    return document


def read(site: SiteState, project: Project, field: Field, value: Any) -> Any:
    """The value as it is kept, or BadValueError."""
    if value is None and field.kind is not Kind.LABELS and field.id != "summary":
        return DEFAULT_PRIORITY if field.kind is Kind.PRIORITY else None
    return _READERS[field.kind](site, project, field, value)


def _text(_site: SiteState, _project: Project, field: Field, value: Any) -> str:
    if field.id == "summary":
        return _summary(value)
    if not isinstance(value, str):
        raise BadValueError("Operation value must be a string")
    if len(value) > LINE_LIMIT:
        raise BadValueError(f"The entered text is too long. The limit is {LINE_LIMIT} characters.")
    return value


def _summary(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValueError("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise BadValueError("The summary is invalid because it contains newline characters.")
    if len(value) > SUMMARY_LIMIT:
        raise BadValueError("Summary can't exceed 255 characters.")
    return value.strip()


def _rich_text(_site: SiteState, _project: Project, _field: Field, value: Any) -> Any:
    return read_document(value)


def _url(site: SiteState, project: Project, field: Field, value: Any) -> str:
    text = _text(site, project, field, value)
    if not text.startswith(("http://", "https://")):
        raise BadValueError("URL must be valid")
    return text


def _number(_site: SiteState, _project: Project, _field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError("Specify a number")
    return float(value)


def _date(_site: SiteState, _project: Project, _field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise BadValueError("Error parsing date string: use yyyy-MM-dd") from None


def _time(_site: SiteState, _project: Project, _field: Field, value: Any) -> int:
    """Jira wants a zone: 2026-11-23T10:00:00.000+0000."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadValueError("Error parsing time: use yyyy-MM-dd'T'HH:mm:ss.SSSZ") from None
    if moment.tzinfo is None:
        raise BadValueError("Error parsing time: use yyyy-MM-dd'T'HH:mm:ss.SSSZ")
    return int(moment.timestamp() * 1000)


def _option(_site: SiteState, _project: Project, field: Field, value: Any) -> str:
    if isinstance(value, dict):
        for option in field.options:
            if value.get("value") == option or str(value.get("id")) == field.option_id(option):
                return option
    raise BadValueError("Specify a valid 'id' or 'name' for the option")


def _options(site: SiteState, project: Project, field: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise BadValueError("data was not an array")
    return [_option(site, project, field, each) for each in value]


def _labels(_site: SiteState, _project: Project, _field: Field, value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadValueError("string expected at index 0")
    for label in value:
        if any(letter.isspace() for letter in label):
            raise BadValueError(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > LINE_LIMIT or not label:
            raise BadValueError(f"The label '{label}' exceeds the maximum length of 255.")
    return sorted(set(value))


def _user(site: SiteState, _project: Project, _field: Field, value: Any) -> str:
    if not isinstance(value, dict) or not ({"accountId", "id"} & value.keys()):
        raise BadValueError("expected Object containing an 'accountId' property")
    wanted = value.get("accountId", value.get("id"))
    person = site.find_person(wanted)
    if person is None or not person.active:
        raise BadValueError(f"User '{wanted}' does not exist.")
    return person.account_id


def _named(choices: tuple[Named, ...], what: str) -> Callable[..., str]:
    def choose(_site: SiteState, _project: Project, _field: Field, value: Any) -> str:
        if isinstance(value, dict):
            for choice in choices:
                if str(value.get("id")) == choice.id or value.get("name") == choice.name:
                    return choice.id
        raise BadValueError(f"Specify the {what} (id or name) as it is in this Jira")

    return choose


def _parent(site: SiteState, project: Project, _field: Field, value: Any) -> int:
    wanted = value.get("key", value.get("id")) if isinstance(value, dict) else None
    parent = site.issues.find(str(wanted))
    if parent is None:
        raise BadValueError("Could not find issue by id or key.")
    if parent.project != project.id:
        raise BadValueError("Given parent work item does not belong to the same project.")
    return parent.id


_READERS: dict[Kind, Callable[..., Any]] = {
    Kind.TEXT: _text,
    Kind.RICH_TEXT: _rich_text,
    Kind.URL: _url,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.OPTION: _option,
    Kind.OPTIONS: _options,
    Kind.LABELS: _labels,
    Kind.USER: _user,
    Kind.PRIORITY: _named(PRIORITIES, "Priority"),
    Kind.RESOLUTION: _named(RESOLUTIONS, "Resolution"),
    Kind.PARENT: _parent,
}


def in_words(site: SiteState, field: Field, value: Any) -> tuple[str | None, str | None]:
    """(id, text) of a kept value, as a history names it; (None, None) for nothing."""
    if value is None or value == []:
        return None, None
    return _WORDS.get(field.kind, _plain)(site, value)


def _plain(_site: SiteState, value: Any) -> tuple[str | None, str | None]:
    return None, str(value)


def _by_id(table: Mapping[str, Any]) -> Callable[[SiteState, Any], tuple[str, str]]:
    return lambda _site, value: (str(value), str(table[value].name))


def _user_words(site: SiteState, value: str) -> tuple[str, str]:
    person = site.find_person(value)
    return value, person.display_name if person else value


def _parent_words(site: SiteState, value: int) -> tuple[str, str]:
    parent = site.issues.find(str(value))
    return str(value), parent.key if parent else str(value)


def _time_words(_site: SiteState, value: int) -> tuple[None, str]:
    return None, datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")


_WORDS: dict[Kind, Callable[[SiteState, Any], tuple[str | None, str | None]]] = {
    Kind.RICH_TEXT: lambda _site, value: (None, adf.plain_text(value)),
    Kind.LABELS: lambda _site, value: (None, " ".join(value)),
    Kind.OPTIONS: lambda _site, value: (None, ",".join(value)),
    Kind.TIME: _time_words,
    Kind.USER: _user_words,
    Kind.PRIORITY: _by_id(priority_by_id),
    Kind.RESOLUTION: _by_id(resolution_by_id),
    Kind.STATUS: _by_id(status_by_id),
    Kind.ISSUE_TYPE: _by_id(type_by_id),
    Kind.PARENT: _parent_words,
}


def differences(
    site: SiteState, issue: Issue, changes: Mapping[str, Any]
) -> list[Mapping[str, str | None]]:
    """ChangeDetails of those fields that these values would really change."""
    items: list[Mapping[str, str | None]] = []
    for name, value in changes.items():
        before = issue.fields.get(name)
        if before == value or (not before and not value):
            continue
        field = BY_ID[name]
        old, new = in_words(site, field, before), in_words(site, field, value)
        items.append(
            {
                "field": name if field.custom_id is None else field.name,
                "fieldId": name,
                "fieldtype": "jira" if field.custom_id is None else "custom",
                "from": old[0],
                "fromString": old[1],
                "to": new[0],
                "toString": new[1],
            }
        )
    return items


def project_of(site: SiteState, value: Any) -> Project | None:
    """The project that `fields.project` names by key or id."""
    if not isinstance(value, dict):
        return None
    try:
        return site.project(str(value.get("key") or value.get("id")))
    except NotOnThisSiteError:
        return None
