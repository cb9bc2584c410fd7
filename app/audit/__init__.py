"""The audit trail: who did what, on what, when, through which door, and how it was answered."""
