"""Why a model is refused: one list for the command line, the web form, the worker and publishing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Explanation:
    """What a code means, and what to do about it."""

    sentence: str
    remedy: str


REASONS: Mapping[str, Explanation] = {
    "pickle_present": Explanation(
        "The folder holds a pickle, which can run code when it is opened.",
        "Delete it; weights belong in model.safetensors.",
    ),
    "bad_safetensors": Explanation(
        "The weights are missing, or their file is no whole, well-formed safetensors file.",
        "Write the file again, or fetch it again.",
    ),
    "files_differ": Explanation(
        "model.safetensors and model.sparse.safetensors are not the same model.",
        "Delete the wrong one: `prunarium pack` and `prunarium unpack` write either file from the other.",
    ),
    "preprocessing_missing": Explanation(
        "config.json is missing, so nobody knows how images become inputs.",
        "Write config.json with the preprocessing that the model was trained with.",
    ),
    "bad_description": Explanation(
        "config.json or prunarium.json is missing, malformed or contradicts itself.",
        "Correct the named field.",
    ),
    "unknown_architecture": Explanation(
        "The architecture is none of the zoo's, and a submitter's code is never run.",
        "Choose one of: prunarium zoo architectures",
    ),
    "name_mismatch": Explanation(
        "Tensors of the architecture are missing, or the file has others.",
        "Save the state dict of the plain architecture: no wrappers, masks or optimizer state.",
    ),
    "shape_mismatch": Explanation(
        "Tensors have other shapes than the architecture's.",
        "Check the number of classes in config.json, and that layers keep their widths.",
    ),
    "dtype": Explanation(
        "Tensors have another dtype than the architecture's, or the file mixes precisions.",
        "Save all weights and statistics in float32, or all of them in bfloat16 or float16.",
    ),
    "non_finite": Explanation(
        "Weights or statistics are NaN or infinite.",
        "Find out why training diverged; such a model has no measurable accuracy.",
    ),
    "sparsity_claim": Explanation(
        "The stated sparsity or pattern is not what the bytes hold.",
        "State what `prunarium inspect` measures, or prune to what is stated.",
    ),
    "passport_claim": Explanation(
        "passport.json is not what the weights give.",
        "Delete it: publishing measures the weights and writes it anew.",
    ),
    "not_on_hub": Explanation(
        "The hub has no such repository, revision or file, or does not show it to this server.",
        "Submit a public repository with safetensors weights, at a revision that exists.",
    ),
    "hub_not_allowed": Explanation(
        "This server fetches no models from that hub.",
        "Publish the model on https://huggingface.co, or on the hub of this server.",
    ),
    "quota_exceeded": Explanation(
        "Evaluating it takes more device minutes than the account has left.",
        "Wait until enough is left, submit to a smaller suite, or ask an administrator for a grant.",
    ),
    "parent_missing": Explanation(
        "A pruned model is compared with its dense parent, and that one is not stated or not in the catalogue.",
        "Publish the dense parent first, and name its slug in prunarium.json.",
    ),
    "licence_missing": Explanation(
        "Without a licence nobody may use or redistribute the model.",
        "Put an SPDX identifier such as Apache-2.0 into prunarium.json.",
    ),
}


@dataclass(frozen=True)
class Reason:
    """One reason with what was found; ``code`` is a key of :data:`REASONS`."""

    code: str
    detail: str

    def __post_init__(self) -> None:
        if self.code not in REASONS:
            raise ValueError(f"{self.code!r} is no reason code")

    @property
    def explanation(self) -> Explanation:
        """The sentence and the remedy of the code."""
        return REASONS[self.code]

    def to_json(self) -> dict[str, Any]:
        """Stable field names: code, detail, sentence, remedy."""
        return {"code": self.code, "detail": self.detail, **asdict(self.explanation)}
