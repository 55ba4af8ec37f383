"""Results that others published: rows with their sources, and the loader that writes them into a catalogue."""

from .loader import Loaded, load_reported

__all__ = ["Loaded", "load_reported"]
