"""What programs ask for: JSON under /api/v1, by the services and decisions that pages use."""
