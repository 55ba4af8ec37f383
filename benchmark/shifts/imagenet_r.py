"""ImageNet-R: paintings, toys, tattoos and other renditions of 200 classes; scored over the logits of those 200.

They are not the 200 classes of ImageNet-A: the two share 86.
"""

from . import SHIFTS
from ._label_spaces import label_space
from ._layout import ClassFolders, HubColumns
from ._published import PublishedShift, Terms

SHIFTS.register("imagenet-r@1")(
    PublishedShift(
        name="imagenet-r",
        version="1",
        title="ImageNet-R",
        primary_metric="top1@1",
        source_task="imagenet@1",
        upstream_data="imagenet",
        source="github.com/hendrycks/imagenet-r",
        metrics=("top1", "nll", "brier", "ece15"),
        layout=ClassFolders(family="imagenet-r", hub=HubColumns(split="test", label="wnid")),
        addresses=("https://people.eecs.berkeley.edu/~hendrycks/imagenet-r.tar", "hub:axiong/imagenet-r"),
        terms=Terms(
            "MIT (repository)",
            "D. Hendrycks et al. (2021). The Many Faces of Robustness: A Critical Analysis of Out-of-Distribution "
            "Generalization. ICCV. arXiv:2006.16241",
        ),
        label_space=label_space("imagenet-r"),
        n_each=30_000,
        of_classes=1000,
    )
)
