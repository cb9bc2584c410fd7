"""A Jira Cloud site on one's own machine: to follow the story in a browser, and to test against."""
