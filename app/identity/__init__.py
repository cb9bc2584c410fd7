"""The doors: from a request to a Caller with a standing."""
