"""The 1,000 classes of ILSVRC 2012: WordNet ids, whose sorted order is that of the labels, and words for them."""

from functools import cache
from importlib.resources import files


@cache
def imagenet_classes() -> tuple[tuple[str, str], ...]:
    """(WordNet id, words for it) of the 1,000 classes by label; from WordNet 3.0, as timm's tables have it.

    >>> imagenet_classes()[1]
    ('n01443537', 'goldfish, Carassius auratus')
    """
    lines = files(__package__).joinpath("imagenet_classes.tsv").read_text(encoding="utf-8").splitlines()
    return tuple((wordnet_id, words) for wordnet_id, _, words in (line.partition("\t") for line in lines))


def wordnet_ids() -> tuple[str, ...]:
    """The ids by label: the class names of ImageNet here."""
    return tuple(wordnet_id for wordnet_id, _ in imagenet_classes())
