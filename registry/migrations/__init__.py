"""The history of the schema. A migration imports nothing of ours: it must mean the same for ever."""
