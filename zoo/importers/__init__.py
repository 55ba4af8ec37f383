"""Other people's checkpoints as model folders: one layout a file, found by scanning this folder.

Trusted code, untrusted data: a file is read as safetensors, as numpy arrays, or by torch with nothing but tensors
allowed. A layout (:class:`Importer`) turns names and masks into those of the plain architecture; what it does is
exact: the imported network computes what the authors' did.
"""

from ..core.plugins import Plugins
from ._layout import Importer, State

IMPORTERS: Plugins[Importer] = Plugins("importer", __name__)

__all__ = ["IMPORTERS", "Importer", "State"]
