"""How people who have no Jira sign in: shared by the app's accounts and the console of support."""
