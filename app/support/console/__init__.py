"""The console of support's agents: a program of its own, which never has the master key."""
