"""Instances, their installations, workspaces, set-up and licence state."""
