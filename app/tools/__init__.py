"""The tools on the far side: their names, their places, what proves their credentials."""
