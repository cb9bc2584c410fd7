"""People with an account."""

from tests.signing_in.fixtures import accounts, cheap_hashes

__all__ = ["accounts", "cheap_hashes"]
