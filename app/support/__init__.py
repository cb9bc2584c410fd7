"""Support access: what a customer lets the vendor's support see, until when, and how it is kept."""
