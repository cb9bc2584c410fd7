"""What an operator can watch: numbers without a name of any customer in them."""

from prometheus_client import Counter, Gauge, Histogram

from connect import Quota

REQUEST_SECONDS = Histogram(
    "getint_request_seconds", "Time to answer, by the class of the status", ["status"]
)
TOKENS_REFUSED = Counter(
    "getint_tokens_refused", "Requests without good proof, by the rule they broke", ["reason"]
)
REFUSALS = Counter("getint_refusals", "Decisions that were a no, by their reason", ["reason"])
JIRA_POINTS = Gauge("getint_jira_points", "Points spent with Jira in this UTC hour")
JIRA_CALLS = Gauge("getint_jira_calls", "Calls made to Jira in this UTC hour")
JIRA_QUOTA_LOW = Gauge("getint_jira_quota_low", "1 while less than a fifth of the quota is left")


def show_quota(quota: Quota) -> None:
    """Take the meter's figures of this moment."""
    JIRA_POINTS.set(quota.points())
    JIRA_CALLS.set(quota.calls())
    JIRA_QUOTA_LOW.set(quota.is_low())
