"""Who else can run a checkpoint: whether timm builds it, and which inference engines are faster for its zeros.

Judged from the passport alone. Each statement has a source (:attr:`Engine.source`); an engine of which nothing is known
is not listed. That a network is *faster* means that the engine skips work at these zeros, not by how much.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .config import ModelConfig
from .passport_document import Layer, Passport
from .patterns import CHANNEL, EMPTY, block_of, group_of

# The smallest side of PyTorch's block-sparse products, which run on Triton.
_SMALLEST_BLOCK = 16
_XNNPACK_SPARSITY = 2 / 3

_TF_SAME = (
    "the network comes from RigL's TensorFlow graph, which pads the input of its max-pooling on one side only "
    "(SAME); timm's ResNets pad both sides, so the same weights compute something else"
)


class Engine(NamedTuple):
    """An inference engine, whether it skips work at a model's zeros, and why (not)."""

    name: str
    faster: bool
    why: str

    @property
    def source(self) -> str:
        """The address of what the statement rests on."""
        return _ENGINES[self.name][1]


def timm_support(config: ModelConfig) -> tuple[bool, str]:
    """Whether ``timm.create_model("hf-hub:...", pretrained=True)`` gives this network, and a sentence that says why."""
    if config.timm_name is not None:
        return True, f"timm builds it as {config.timm_name}"
    if config.architecture.endswith("-tf"):
        return False, _TF_SAME
    return False, f"timm has no network that computes what {config.architecture} does in these widths"


def engines(passport: Passport) -> tuple[Engine, ...]:
    """What is known of each engine for these zeros, the faster engines first; empty for a dense model."""
    if not _pruned(passport):
        return ()
    judged = [Engine(name, *judge(passport)) for name, (judge, _) in _ENGINES.items()]
    return tuple(sorted(judged, key=lambda engine: not engine.faster))


def _pruned(passport: Passport) -> list[Layer]:
    return [layer for layer in passport.layers if layer.prunable and layer.nonzeros < layer.elements]


def _fits_two_of_four(pattern: str | None) -> bool:
    """At most two of any four: true of every N:M with N up to 2 (M is a power of two here)."""
    group = group_of(pattern or "")
    return group is not None and group[0] <= 2


def _sparse_tensor_cores(passport: Passport) -> tuple[bool, str]:
    pruned = _pruned(passport)
    fitting = [layer for layer in pruned if _fits_two_of_four(layer.pattern) or layer.pattern == EMPTY]
    if len(fitting) < len(pruned):
        some = f"{len(fitting)} of {len(pruned)} pruned layers keep" if fitting else "the pruned layers do not keep"
        return False, f"{some} at most 2 of each 4 weights, the one pattern that sparse tensor cores skip"
    return True, "every pruned layer keeps at most 2 of each 4 weights, which Ampere and newer GPUs skip"


def _semi_structured(passport: Passport) -> tuple[bool, str]:
    pruned = _pruned(passport)
    fitting = [layer for layer in pruned if _fits_two_of_four(layer.pattern) and len(layer.shape) == 2]
    if not fitting:
        return False, "it has 2:4 for linear layers alone, and no linear layer here keeps at most 2 of each 4 weights"
    return (
        True,
        f"{len(fitting)} of {len(pruned)} pruned layers are linear and 2:4 (fp16 or bf16, compute capability 8)",
    )


def _block_sparse(passport: Passport) -> tuple[bool, str]:
    blocks = [block_of(layer.pattern or "") for layer in _pruned(passport) if len(layer.shape) == 2]
    fitting = [block for block in blocks if block is not None and min(block) >= _SMALLEST_BLOCK]
    if not fitting:
        return False, "it needs linear layers with blocks of at least 16x16, and there are none"
    return True, f"{len(fitting)} linear layers have blocks of at least 16x16 (NVIDIA GPUs, large layers)"


def _after_surgery(passport: Passport) -> tuple[bool, str]:
    outputs = sum(layer.shape[0] for layer in passport.layers if layer.prunable)
    dead = sum(layer.dead_channels or 0 for layer in passport.layers)
    found = f"{dead:,} of {outputs:,} output channels are all zero"
    if passport.pattern == CHANNEL and dead:
        return True, f"{found}; once they are cut out, what remains is a smaller dense network"
    return False, f"{found}; the other zeros are scattered and stay when those are cut out"


def _xnnpack(passport: Passport) -> tuple[bool, str]:
    convolutions = [layer for layer in passport.layers if layer.prunable and len(layer.shape) == 4]
    pointwise = [layer for layer in convolutions if layer.shape[2:] == (1, 1)]
    stems = [layer for layer in convolutions if layer.shape[1:] == (3, 3, 3)]
    depthwise = [layer for layer in convolutions if layer.shape[1:] in ((1, 3, 3), (1, 5, 5))]
    if len(stems) != 1 or not pointwise or len(pointwise) + len(depthwise) + 1 != len(convolutions):
        return False, "it takes a 3x3 stem, 1x1 and depthwise convolutions only, and this network has others"
    zeros = 1 - sum(layer.nonzeros for layer in pointwise) / sum(layer.elements for layer in pointwise)
    found = f"{zeros:.0%} of the weights of the 1x1 convolutions are zero"
    if zeros < _XNNPACK_SPARSITY:
        return False, f"{found}, and it takes two thirds"
    return True, f"{found} (Arm and WebAssembly, converted to TensorFlow Lite with sparse weights)"


@dataclass(frozen=True)
class _Never:
    """An engine that gains nothing, whatever the checkpoint."""

    why: str

    def __call__(self, passport: Passport) -> tuple[bool, str]:  # noqa: ARG002 - the same for every checkpoint
        return False, self.why


_NVIDIA = "https://developer.nvidia.com/blog/accelerating-inference-with-sparsity-using-ampere-and-tensorrt"
_SEMI_STRUCTURED = "https://docs.pytorch.org/tutorials/advanced/semi_structured_sparse.html"
_BLOCKS = "https://pytorch.org/blog/speeding-up-vits/"
_SURGERY = "https://pypi.org/project/torch-pruning/"
_TFLITE = (
    "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/delegates/xnnpack/README.md#sparse-inference"
)
_OPENVINO = "https://docs.openvino.ai/2025/notebooks/sparsity-optimization-with-output.html"

_ENGINES: dict[str, tuple[Callable[[Passport], tuple[bool, str]], str]] = {
    "TensorRT, cuSPARSELt": (_sparse_tensor_cores, _NVIDIA),
    "PyTorch to_sparse_semi_structured": (_semi_structured, _SEMI_STRUCTURED),
    "PyTorch block-sparse (Triton)": (_block_sparse, _BLOCKS),
    "any engine, after channels are cut out": (_after_surgery, _SURGERY),
    "TensorFlow Lite with XNNPACK": (_xnnpack, _TFLITE),
    "PyTorch": (
        _Never("its layers multiply by zeros as by any number"),
        "https://docs.pytorch.org/docs/stable/sparse.html",
    ),
    "ONNX Runtime": (
        _Never("its kernels take dense weights: sparse ones are made dense when a model is loaded"),
        "https://github.com/microsoft/onnxruntime/issues/5578",
    ),
    "OpenVINO": (
        _Never("it unpacks sparse weights for 8-bit matrix products; layers in floating point gain nothing"),
        _OPENVINO,
    ),
    "DeepSparse": (
        _Never(
            "it skipped scattered zeros on CPUs, but ended in June 2025; its last version needs Python 3.11 or older"
        ),
        "https://github.com/neuralmagic/deepsparse/issues/1676",
    ),
}

SPARSE_ENGINES = tuple(name for name, (judge, _) in _ENGINES.items() if not isinstance(judge, _Never))
"""The engines that are faster for some zeros."""
