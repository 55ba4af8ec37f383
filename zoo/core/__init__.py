"""The shared kernel: errors, plugins, canonical JSON, hashes, atomic files. No torch; numpy at most."""
