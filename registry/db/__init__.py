"""Tables, engine, session and schema version. SQL that answers questions lives in :mod:`registry.queries`."""
