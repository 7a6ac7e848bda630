"""Hearing of new objects before a listing finds them: every word is a hint, and only the names in it are believed."""
