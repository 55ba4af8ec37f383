"""The Optimal BERT Surgeon is block Fisher with another update and another damping, and nothing else."""

from dataclasses import fields

import torch
from second_order_runs import flat, one_shot

from zoo.methods.block_fisher import BlockFisherConfig
from zoo.methods.obert import OBERTConfig


def test_defaults_are_those_of_the_authors_modifier() -> None:
    config = OBERTConfig()
    assert (config.block_size, config.gradients, config.damping, config.update) == (50, 1024, 1e-7, "summed")
    assert BlockFisherConfig(damping=config.damping, update=config.update) == BlockFisherConfig(
        **{field.name: getattr(config, field.name) for field in fields(config)}
    )


def test_with_the_same_settings_it_is_block_fisher_to_the_bit() -> None:
    found = []
    for name in ("obert", "block-fisher"):
        pruner = one_shot(name, update="summed", damping=1e-3, block_size=10)
        pruner.after_step()
        found.append(flat(pruner.prunable))
    assert torch.equal(*found)


def test_the_masks_are_block_fishers_and_the_weights_are_not() -> None:
    obert, ours = (one_shot(name, damping=1e-3, block_size=10) for name in ("obert", "block-fisher"))
    obert.after_step()
    ours.after_step()
    assert torch.equal(flat(obert.masks), flat(ours.masks))
    assert not torch.equal(flat(obert.prunable), flat(ours.prunable))
