"""Why a model is refused: one list for the command line, the web form, the worker and publishing."""

from collections.abc import Iterable, Mapping
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
    "too_large": Explanation(
        "A file is larger than this server fetches.",
        "Store the weights once, in float32 or less, without optimizer state; texts stay below 4 MiB.",
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
    "predictions_missing": Explanation(
        "The repository has no folder of predictions, or its manifest cannot be read.",
        "Write them with benchmark.author_predictions.write_predictions, and hand them in with --predictions DIR.",
    ),
    "predictions_unknown": Explanation(
        "There are predictions of something that the suite does not measure so.",
        "Leave them out of manifest.json, or submit to the suite that has this task, protocol and seed.",
    ),
    "predictions_unreadable": Explanation(
        "A file of predictions is damaged, holds NaN, or contradicts itself.",
        "Write it again with write_predictions, which checks what it writes.",
    ),
    "predictions_mismatch": Explanation(
        "The images, labels or classes of the predictions are not those of the task.",
        "Predict every image of the task's test set, under its own id, with all of its classes.",
    ),
    "weights_known": Explanation(
        "The catalogue has these very weights already, as another model.",
        "Nothing is to be measured again: look at that model, or submit weights that differ.",
    ),
    "parent_missing": Explanation(
        "A pruned model is compared with its dense parent, and that one is not stated or not in the catalogue.",
        "Publish the dense parent first (prunarium publish FOLDER), or submit it (prunarium submit ORG/DENSE), then "
        "name its slug or Hub id: as parent in prunarium.json, or by --parent ORG/DENSE of check and submit.",
    ),
    "method_name": Explanation(
        "A method that the zoo does not have goes by its author's name and its own.",
        "Write --method @author/name, for example @ada/wise-pruning; for one of the zoo's, leave it out.",
    ),
    "training_data_missing": Explanation(
        "It is not said which data the weights have seen, so nobody can tell a fair test from a contaminated one.",
        "Name them as data in prunarium.json, or with --training-data 'ImageNet-1k train'.",
    ),
    "card_contradicts": Explanation(
        "The card states another licence than prunarium.json.",
        "Correct whichever is wrong: readers see the card, programs read prunarium.json.",
    ),
    "licence_unknown": Explanation(
        "The licence is no SPDX identifier, so nobody knows what it allows.",
        "Choose one of https://spdx.org/licenses, or write LicenseRef-NAME for terms of your own.",
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


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the order of :data:`REASONS`: what must be mended first comes first."""
    order = list(REASONS)
    return tuple(sorted(reasons, key=lambda reason: order.index(reason.code)))


def told(reasons: Iterable[Reason]) -> str:
    """One line for each reason: its code and what was found."""
    return "\n".join(f"{reason.code}: {reason.detail}" for reason in reasons)
