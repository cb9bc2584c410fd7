"""The help pop-up."""
