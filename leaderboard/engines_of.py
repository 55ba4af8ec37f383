"""What :mod:`zoo.checkpoint.engines` says of a checkpoint that the catalogue holds."""

from registry.records import ArchitectureRecord, CheckpointRecord
from zoo.checkpoint.config import ModelConfig, Preprocessing
from zoo.checkpoint.engines import Engine, engines, timm_support
from zoo.checkpoint.passport_document import Layer, Passport


def timm_sentence(architecture: ArchitectureRecord | None, checkpoint: CheckpointRecord | None) -> str | None:
    """Whether timm loads it, or why not; None where nobody handed us bytes, or no zoo described the architecture."""
    if checkpoint is None or architecture is None or architecture.source is None:
        return None
    config = ModelConfig(
        architecture=architecture.name,
        num_classes=1,
        class_names=(),
        preprocessing=_ANY,
        classifier="",
        timm_name=architecture.timm_name,
    )
    loads, why = timm_support(config)
    return f"{'yes' if loads else 'no'}: {why}"


def engine_rows(checkpoint: CheckpointRecord | None) -> tuple[Engine, ...]:
    """The engines that are faster for its zeros, then those that are not; empty where the patterns were not counted."""
    if checkpoint is None or checkpoint.encodings is None:
        return ()
    return engines(_passport(checkpoint))


# The answer of timm does not depend on the images.
_ANY = Preprocessing((1, 1, 1), (0.0,), (1.0,))


def _passport(record: CheckpointRecord) -> Passport:
    return Passport(
        densified_hash=record.densified_hash,
        mask_hash=record.mask_hash,
        architecture=record.architecture,
        preprocessing_hash=record.preprocessing_hash,
        pattern=record.pattern,
        dtypes=record.dtypes or (),
        bytes_dense=record.bytes_dense,
        elements=record.elements,
        nonzeros=record.nonzeros,
        prunable_elements=record.prunable_elements,
        prunable_nonzeros=record.prunable_nonzeros,
        stored_elements=record.stored_elements,
        stored_nonzeros=record.stored_nonzeros,
        dead_channels=record.dead_channels,
        non_finite=0,
        encodings=None if record.encodings is None else dict(record.encodings),
        flops_dense=None,
        flops_sparse=None,
        layers=tuple(Layer(**{**row, "shape": tuple(row["shape"])}) for row in record.layers),
    )
