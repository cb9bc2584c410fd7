"""REST 7.1, as far as an integration uses work items; shapes as Microsoft's OpenAPI has them."""
