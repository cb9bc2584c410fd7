"""The tools that tell at once when something changed there."""

from collections.abc import Mapping

from app.access import Tool
from app.tools.azure_news import AzureNews
from app.tools.gitlab_news import GitLabNews
from app.tools.jira_news import JiraNews
from app.tools.news import TellsNews

TELLERS: Mapping[Tool, TellsNews] = {
    Tool.GITLAB: GitLabNews(),
    Tool.AZURE: AzureNews(),
    Tool.JIRA: JiraNews(),
}
