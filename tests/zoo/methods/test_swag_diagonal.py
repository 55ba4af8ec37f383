"""SWAG-diagonal: what it looks at, what it ranks by, what it leaves, and weights that no gradient reaches."""

from typing import Any

import numpy as np
import pytest
import torch
from pruning_runs import STEPS, start

from zoo.core.errors import UsageError
from zoo.masks import count_for, keep_top_global
from zoo.methods.swag_diagonal import SWAGDiagonal, SWAGDiagonalConfig


def test_it_ranks_by_mean_over_deviation_of_the_iterates_and_ends_with_their_mean() -> None:
    config = SWAGDiagonalConfig(begin=0.5, end=0.5, snapshots=10**6, shrinkage=0.0, average=True, allocation="global")
    run = start(SWAGDiagonal(config), 0.5)
    change = round(0.5 * (STEPS - 1))
    seen: list[dict[str, np.ndarray]] = []
    for step in range(STEPS):
        if step == change + 1:  # every iterate up to the change has been recorded
            scores = {}
            for name in run.pruner.prunable:
                values = np.stack([each[name] for each in seen])
                scores[name] = torch.from_numpy(np.abs(values.mean(0)) / values.std(0))
            expected = keep_top_global(scores, count_for(0.5, 270))
            agree = sum(int((expected[name] == mask).sum()) for name, mask in run.pruner.masks.items())
            assert agree >= 264, agree  # the iterate of the change itself is seen with its zeros alone
            seen = []
        run.advance(1)
        if step != change:
            seen.append({name: weight.detach().double().numpy() for name, weight in run.pruner.prunable.items()})
    run.finish()
    posterior = run.pruner.method.posterior(run.pruner)
    assert posterior is not None
    for name, weight in run.pruner.prunable.items():
        values = np.stack([each[name] for each in seen])
        np.testing.assert_allclose(weight.detach().numpy(), values.mean(0), rtol=1e-4, atol=1e-6)
        kept = run.pruner.masks[name].numpy()
        np.testing.assert_allclose(posterior.deviations[name].numpy()[kept], values.std(0)[kept], rtol=1e-3, atol=1e-7)


def test_a_weight_that_no_gradient_reaches_leaves_first_though_it_stands_still() -> None:
    config = SWAGDiagonalConfig(begin=1.0, end=1.0, shrinkage=0.0, allocation="global")
    run = start(SWAGDiagonal(config), 0.5).advance(STEPS - 1)
    run.pruner.memory["swag.reached.conv2.weight"][:2] = False
    run.pruner.after_step()
    assert not run.pruner.masks["conv2.weight"][:2].any()


def test_of_one_iterate_there_is_no_posterior_and_the_ranking_is_magnitude() -> None:
    run = start(SWAGDiagonal(SWAGDiagonalConfig(begin=0.0, end=0.0, allocation="global")), 0.5)
    magnitudes = {name: weight.detach().abs().clone() for name, weight in run.pruner.prunable.items()}
    run.pruner.after_step()
    kept = keep_top_global(magnitudes, count_for(0.5, 270))
    assert all(torch.equal(kept[name], mask) for name, mask in run.pruner.masks.items())
    assert run.pruner.method.posterior(run.pruner) is None


@pytest.mark.parametrize("wrong", [{"snapshots": 1}, {"shrinkage": 1.5}, {"scope": "some"}], ids=str)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        SWAGDiagonalConfig(**wrong)
