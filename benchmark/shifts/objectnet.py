"""ObjectNet: household things in odd places and poses, 113 labels that stand for 125 classes of ImageNet.

Its terms forbid to tune any parameter on it: no temperature, threshold or weight is ever fitted here. How many images
the shared labels have differs between its releases (18,514 in 1.0-beta), so that the number scored is stored, and none
is expected.
"""

from . import SHIFTS
from ._label_spaces import label_space
from ._layout import HubColumns
from ._objectnet import ObjectNetFolders, ObjectNetShift
from ._published import Terms

SHIFTS.register("objectnet@1")(
    ObjectNetShift(
        name="objectnet",
        version="1",
        title="ObjectNet",
        primary_metric="top1@1",
        source_task="imagenet@1",
        upstream_data="imagenet",
        source="objectnet.dev",
        metrics=("top1",),
        layout=ObjectNetFolders(family="objectnet", hub=HubColumns(split="test")),
        addresses=("https://objectnet.dev", "hub:timm/objectnet", "hub:timm/objectnet-720p-in1k"),
        terms=Terms(
            "ObjectNet's own: free to use, never to tune a parameter on; images are shown with their red border",
            "A. Barbu et al. (2019). ObjectNet: A large-scale bias-controlled dataset for pushing the limits of object "
            "recognition models. NeurIPS",
            gated=True,
        ),
        label_space=label_space("objectnet"),
        n_each=None,
        of_classes=1000,
    )
)
