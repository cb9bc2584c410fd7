"""A GitLab on your own machine: issues of projects by REST v4, as GitLab documents them."""
