"""Getint Administration: users, links, mail, workspaces."""
