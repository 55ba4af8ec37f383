"""The two halves of scikit-learn's handwritten digits, as they were when the tasks were frozen (zoo.data.digits)."""

from ._manifest import ImageManifest, SplitFacts

LICENCE = "CC-BY-4.0"
CITATION = (
    "E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository. "
    "doi:10.24432/C50P49"
)
SOURCE = "sklearn.datasets.load_digits (UCI Optical Recognition of Handwritten Digits, test part)"

DIGITS_0_4 = ImageManifest(
    name="digits:0-4",
    sha256="5145a459be404f70d58c07ad55928c1028c84a0bc3394511cc32fb43c3a8769b",
    class_names=("0", "1", "2", "3", "4"),
    splits={
        "train": SplitFacts(450, (89, 91, 88, 92, 90)),
        "validation": SplitFacts(135, (27, 27, 27, 27, 27)),
        "test": SplitFacts(316, (62, 64, 62, 64, 64)),
    },
    licence=LICENCE,
    citation=CITATION,
)

DIGITS_5_9 = ImageManifest(
    name="digits:5-9",
    sha256="06ea652db544289d268f3cfcfa0520be31ccb337143fc986372a838090654c26",
    class_names=("5", "6", "7", "8", "9"),
    splits={
        "train": SplitFacts(448, (91, 90, 90, 87, 90)),
        "validation": SplitFacts(134, (27, 27, 27, 26, 27)),
        "test": SplitFacts(314, (64, 64, 62, 61, 63)),
    },
    licence=LICENCE,
    citation=CITATION,
)
