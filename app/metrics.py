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
SLICES = Counter("getint_slices", "Slices of runs, by how they ended", ["outcome"])
SLICE_SECONDS = Histogram(
    "getint_slice_seconds", "How long slices took", buckets=(0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)
)
RUNS_RESCUED = Counter("getint_runs_rescued", "Runs queued again after their worker was lost")
QUEUE_WAITING = Gauge("getint_queue_waiting", "Slices that wait for their turn")
QUEUE_WORKED_ON = Gauge("getint_queue_worked_on", "Slices that are worked on")
QUEUE_SLEEPING = Gauge("getint_queue_sleeping", "Runs that wait for a time")
QUEUE_OLDEST_SECONDS = Gauge(
    "getint_queue_oldest_seconds", "How long the slice has waited that waits longest"
)


def show_quota(quota: Quota) -> None:
    """Take the meter's figures of this moment."""
    JIRA_POINTS.set(quota.points())
    JIRA_CALLS.set(quota.calls())
    JIRA_QUOTA_LOW.set(quota.is_low())
