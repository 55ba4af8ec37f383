"""All SQL of the hub server, by noun. Every function takes a session first and returns records."""
