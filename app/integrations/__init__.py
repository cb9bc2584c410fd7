"""Integrations, migrations and the connections they use."""
