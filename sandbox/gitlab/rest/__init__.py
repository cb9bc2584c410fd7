"""REST v4, as far as an integration uses issues; shapes and refusals as GitLab documents them."""
