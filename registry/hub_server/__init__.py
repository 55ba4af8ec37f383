"""The embedded hub server: unmodified Hugging Face clients against a folder and a database. No torch."""

from .app import create_hub_app

__all__ = ["create_hub_app"]
