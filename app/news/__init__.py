"""Tools tell at once that something changed there: their webhooks, made, heard and taken away."""
