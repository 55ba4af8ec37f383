"""The catalogue's rows of a published model, from what its folder says and its bytes hold."""

from dataclasses import asdict

from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.passport import Passport

from .records import CheckpointRecord, ModelRecord


def model_record(provenance: Provenance, repo_id: str) -> ModelRecord:
    """The catalogue's row of a published model."""
    source = provenance.source
    return ModelRecord(
        slug=provenance.slug,
        hub_id=repo_id,
        title=provenance.title,
        owner=repo_id.partition("/")[0],
        method=provenance.method,
        architecture=provenance.architecture,
        sparsity_target=provenance.sparsity_target,
        pattern=provenance.pattern,
        replicate=provenance.replicate,
        parent=provenance.parent,
        upstream_data=provenance.data,
        licence=provenance.licence,
        training_epochs=provenance.epochs,
        training_flops=provenance.training_flops,
        label_smoothing=provenance.label_smoothing,
        upstream_top1=provenance.upstream_top1,
        upstream_top1_source="its maker's measurement" if provenance.upstream_top1 is not None else None,
        source_url=None if source is None else source.url,
        source_sha256=None if source is None else source.sha256,
        source_licence=None if source is None else provenance.licence,
        availability="hub",
        availability_detail=f"prunarium pull {provenance.slug}",
    )


def checkpoint_record(config: ModelConfig, passport: Passport) -> CheckpointRecord:
    """The catalogue's row of the measured weights."""
    return CheckpointRecord(
        densified_hash=passport.densified_hash,
        architecture=config.architecture,
        preprocessing_hash=config.preprocessing.hash(),
        preprocessing=config.preprocessing.to_dict(),
        bytes_dense=passport.bytes_dense,
        nonzeros=passport.nonzeros,
        elements=passport.elements,
        prunable_nonzeros=passport.prunable_nonzeros,
        prunable_elements=passport.prunable_elements,
        layers=tuple({**asdict(layer), "shape": list(layer.shape)} for layer in passport.layers),
        pattern=passport.pattern,
        mask_hash=passport.mask_hash,
        flops_dense=passport.flops_dense,
        flops_sparse=passport.flops_sparse,
        stored_elements=passport.stored_elements,
        stored_nonzeros=passport.stored_nonzeros,
        dead_channels=passport.dead_channels,
        encodings=passport.encodings,
        dtypes=passport.dtypes,
    )
