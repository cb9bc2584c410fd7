"""What the stand-ins of tools have in common: clock, faults, limits, webhooks, pages, a file."""
