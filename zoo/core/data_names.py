"""One name for data that people call by several."""

_IMAGENET = {"imagenet", "imagenet-1k", "imagenet1k", "ilsvrc2012", "ilsvrc-2012"}


def data_name(name: str) -> str:
    """The address of :mod:`zoo.data` for what a description says that a model was trained on; else the name itself.

    >>> data_name("ImageNet-1k"), data_name("digits:0-4")
    ('imagenet', 'digits:0-4')
    """
    return "imagenet" if name.lower() in _IMAGENET else name
