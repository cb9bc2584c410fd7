"""People with an account, besides those who come from Jira."""

from tests.security.conftest import other_site
from tests.signing_in.fixtures import accounts, cheap_hashes

__all__ = ["accounts", "cheap_hashes", "other_site"]
