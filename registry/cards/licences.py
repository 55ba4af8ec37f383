"""Licences as the Hub files them, and the terms of data that many networks were trained on."""

from typing import Final

from .facts import DataTerms

# The identifiers of https://huggingface.co/docs/hub/repositories-licenses that are also SPDX identifiers in lower case.
HUB_LICENCES: Final = frozenset((
    "apache-2.0", "mit", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear",
    "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl",
    "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "agpl-3.0", "gpl-2.0", "gpl-3.0", "lgpl-2.1",
    "lgpl-3.0", "isc", "lppl-1.3c", "ms-pl", "mpl-2.0", "osl-3.0", "postgresql", "ofl-1.1", "ncsa", "unlicense",
    "zlib",
))  # fmt: skip
# SPDX tells versions apart that the Hub does not.
_SUFFIXES: Final = ("-only", "-or-later")

# Data whose terms reach further than one task of the catalogue, by the kind in front of the colon of their name.
KNOWN_TERMS: Final = {
    "imagenet": DataTerms(
        title="ImageNet (ILSVRC 2012)",
        note="The images are for non-commercial research and education; whether that binds weights trained on them is "
        "for you to judge.",
        address="https://www.image-net.org/download.php",
        citation="O. Russakovsky et al. (2015). ImageNet Large Scale Visual Recognition Challenge. arXiv 1409.0575",
        hub_id="ILSVRC/imagenet-1k",
    ),
}


def hub_licence(spdx: str | None) -> dict[str, str]:
    """The front matter for an SPDX identifier: ``license``, and ``license_name`` where the Hub does not know it.

    >>> hub_licence("Apache-2.0"), hub_licence("MPL-1.1")
    ({'license': 'apache-2.0'}, {'license': 'other', 'license_name': 'mpl-1.1'})
    """
    if not spdx:
        return {"license": "unknown"}
    name = spdx.strip().lower()
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return {"license": name} if name in HUB_LICENCES else {"license": "other", "license_name": name}
