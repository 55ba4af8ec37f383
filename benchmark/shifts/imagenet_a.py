"""ImageNet-A: photographs that a ResNet-50 gets wrong, of 200 classes; scored over the logits of those 200.

The set was chosen against ResNet-50, and torchvision's has nothing right: compare networks of that family with each
other only. A copy that is labelled 0 to 199 counts the 200 classes in the order of their WordNet ids.
"""

from . import SHIFTS
from ._label_spaces import label_space
from ._layout import ClassFolders, HubColumns
from ._published import PublishedShift, Terms

SHIFTS.register("imagenet-a@1")(
    PublishedShift(
        name="imagenet-a",
        version="1",
        title="ImageNet-A",
        primary_metric="top1@1",
        source_task="imagenet@1",
        upstream_data="imagenet",
        source="github.com/hendrycks/natural-adv-examples",
        metrics=("top1", "nll", "brier", "ece15"),
        layout=ClassFolders(family="imagenet-a", hub=HubColumns(split="train")),
        addresses=("https://people.eecs.berkeley.edu/~hendrycks/imagenet-a.tar", "hub:barkermrl/imagenet-a"),
        terms=Terms(
            "MIT (repository)",
            "D. Hendrycks, K. Zhao, S. Basart, J. Steinhardt and D. Song (2021). Natural Adversarial Examples. CVPR. "
            "arXiv:1907.07174",
        ),
        label_space=label_space("imagenet-a"),
        n_each=7_500,
        of_classes=1000,
    )
)
