"""The issues of a site: what they hold, how they change, how they are searched."""
