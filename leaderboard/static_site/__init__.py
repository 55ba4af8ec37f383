"""The whole site as files that open from a disk: pages, data, checksums."""

from .export import Exported, export_site

__all__ = ["Exported", "export_site"]
