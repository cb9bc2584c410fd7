"""Atlassian Connect for FastAPI: descriptor, lifecycle, tokens, Jira client, licence."""

from connect.client import JiraClient, new_http_client
from connect.descriptor import descriptor_router, load_descriptor
from connect.errors import (
    Busy,
    Forbidden,
    Gone,
    JiraError,
    Rejected,
    Unanswered,
    Unauthorized,
    Unreachable,
)
from connect.install_keys import InstallKeys
from connect.jira_types import (
    AddonLicence,
    Group,
    Page,
    Permissions,
    Project,
    ServerInfo,
    User,
)
from connect.jws import parse_token
from connect.licence import LicenceFact, LicenceState, fact_from_addon, licence_state, reconcile
from connect.lifecycle import LifecycleStore, UsedToken, lifecycle_router
from connect.lifecycle_events import LifecycleEvent
from connect.multipart import FilePart
from connect.qsh import canonical_request, query_string_hash
from connect.quota import Quota
from connect.refusals import KeyServerUnreachable, TokenProblem, TokenRefused, TokenReplayed
from connect.requests import request_path, request_query
from connect.sites import AllowedHosts, Site
from connect.tokens import (
    PREVIOUS_SECRET_GRACE,
    Claims,
    app_token,
    token_in_header,
    unverified_issuer,
    verify_context_token,
    verify_page_token,
)
from connect.transport import Call, JiraTransport

__all__ = [
    "PREVIOUS_SECRET_GRACE",
    "AddonLicence",
    "AllowedHosts",
    "Busy",
    "Call",
    "Claims",
    "FilePart",
    "Forbidden",
    "Gone",
    "Group",
    "InstallKeys",
    "JiraClient",
    "JiraError",
    "JiraTransport",
    "KeyServerUnreachable",
    "LicenceFact",
    "LicenceState",
    "LifecycleEvent",
    "LifecycleStore",
    "Page",
    "Permissions",
    "Project",
    "Quota",
    "Rejected",
    "ServerInfo",
    "Site",
    "TokenProblem",
    "TokenRefused",
    "TokenReplayed",
    "Unanswered",
    "Unauthorized",
    "Unreachable",
    "UsedToken",
    "User",
    "app_token",
    "canonical_request",
    "descriptor_router",
    "fact_from_addon",
    "licence_state",
    "lifecycle_router",
    "load_descriptor",
    "new_http_client",
    "parse_token",
    "query_string_hash",
    "reconcile",
    "request_path",
    "request_query",
    "token_in_header",
    "unverified_issuer",
    "verify_context_token",
    "verify_page_token",
]
