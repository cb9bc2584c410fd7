"""The site's own pages: what a person clicks through."""
