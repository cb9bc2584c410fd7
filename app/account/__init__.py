"""What everybody finds behind the account icon: workspaces to open, and one's own account."""
