"""Personal access tokens: what programs prove with who they ask for."""
