"""Getint Administration: workspaces, users, and what opens the door to people without Jira."""
