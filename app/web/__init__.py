"""The pages' shell: templates, static files, headers, request ids and problem answers."""
