"""Jira's REST API v3, as far as the product uses it and a person needs it to check the product.

Shapes, scopes and errors follow Atlassian's OpenAPI description of the Jira Cloud platform.
"""
