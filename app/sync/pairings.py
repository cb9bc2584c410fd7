"""Names of one side and of the other that mean the same, as an ordered list of pairs.

Whatever is said on the other side, the first pair from the top that has it wins. So a list of
pairs is two translations, one for each direction; here one is made of the other. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

Pairs = tuple[tuple[str, str], ...]
"""Jira's name first."""


class Contradiction(Exception):  # noqa: N818 - says what is wrong
    """What is to come back from the tool's ``tool`` as ``jira`` does not go there."""

    def __init__(self, jira: str, tool: str, goes_to: str) -> None:
        super().__init__(jira, tool)
        self.jira = jira
        self.tool = tool
        self.goes_to = goes_to


def there(pairs: Iterable[Sequence[str]]) -> dict[str, str]:
    """What each of Jira's names becomes in the tool."""
    found: dict[str, str] = {}
    for jira, tool in pairs:
        found.setdefault(jira, tool)
    return found


def back(pairs: Iterable[Sequence[str]]) -> dict[str, str]:
    """What each of the tool's names becomes in Jira."""
    return there((tool, jira) for jira, tool in pairs)


def joined(to_tool: Mapping[str, str], to_jira: Mapping[str, str]) -> Pairs:
    """Pairs that say both. A name that ``to_jira`` leaves out comes back as the first that fits.

    Raises ``Contradiction`` where something comes back as what goes elsewhere, while others go
    there: no order of pairs can say that.
    """
    taken = set(to_tool.values())
    only_back: list[tuple[str, str]] = []
    for tool, jira in to_jira.items():
        if tool not in taken:
            only_back.append((jira, tool))
        elif to_tool.get(jira) != tool:
            raise Contradiction(jira, tool, to_tool.get(jira, ""))

    def gives_way(pair: tuple[str, str]) -> bool:
        jira, tool = pair
        return to_jira.get(tool, jira) != jira

    return (*sorted(to_tool.items(), key=gives_way), *only_back)
