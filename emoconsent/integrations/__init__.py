"""Web frameworks: the subject of a request, and denials as answers. One module a framework."""
