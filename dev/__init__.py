"""What a developer's machine needs around the product: a database, a Jira, one command."""
