"""What a step does: pieces, precision, layout, teachers, clipping; each beside plain torch."""

from typing import Any

import pytest
import torch
from pruning_runs import TinyNetwork
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from training_runs import BATCH, EPOCH, IMAGES, advance, differences, tiny_data, tiny_session

from zoo.core.errors import UsageError
from zoo.methods import METHODS
from zoo.methods.dense import Dense
from zoo.pruner import Pruner
from zoo.train import Execution, Session, TrainConfig

CONFIG = TrainConfig(epochs=1, batch_size=BATCH, learning_rate=0.05)


def plain(config: TrainConfig = CONFIG, **options: Any) -> Session:
    """A session on the tiny network without dropout or batch norm's coupling of images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = TinyNetwork()
    method = METHODS["dense"]()
    return Session(model, tiny_data(config.seed), config, input_size=(1, 6, 6), method=method, target=0.0, **options)


def weights(session: Session) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in session.model.parameters()])


def test_a_step_is_the_step_of_plain_torch() -> None:
    config = TrainConfig(epochs=1, batch_size=BATCH, learning_rate=0.05, clip_norm=0.5, weight_decay=0.01)
    session = plain(config)
    reference = TinyNetwork()
    reference.load_state_dict(session.model.state_dict())
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)
    reference.train()
    for step, (x, y) in enumerate(tiny_data().epoch(0)):
        optimizer.param_groups[0]["lr"] = config.rate(step, EPOCH)
        optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(reference(x), y))
        nn.utils.clip_grad_norm_(reference.parameters(), 0.5)
        optimizer.step()
    advance(session, EPOCH)
    for name, tensor in reference.state_dict().items():
        assert torch.allclose(tensor, session.model.state_dict()[name], rtol=1e-5, atol=1e-7), name


def test_pieces_add_up_to_the_batch_where_no_layer_couples_images() -> None:
    def session(pieces: int) -> Session:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
        method, execution = METHODS["rigl"](), Execution(pieces=pieces)
        return Session(model, tiny_data(), CONFIG, input_size=(1, 6, 6), method=method, target=0.5, execution=execution)

    whole = advance(session(1), EPOCH)
    for pieces in (3, 8, 99):
        other = advance(session(pieces), EPOCH)
        assert torch.allclose(weights(whole), weights(other), atol=1e-6)
        assert other.rows[0].loss == pytest.approx(whole.rows[0].loss, rel=1e-5)


def test_bf16_and_channels_last_change_roundings_only() -> None:
    exact = weights(advance(plain(), EPOCH))
    start = weights(plain())
    lasting = advance(plain(execution=Execution(channels_last=True)), EPOCH)
    assert lasting.model.get_parameter("conv2.weight").is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(exact, weights(lasting), atol=1e-5)
    bf16 = weights(advance(plain(TrainConfig(epochs=1, batch_size=BATCH, learning_rate=0.05, precision="bf16")), EPOCH))
    assert bf16.dtype == torch.float32
    assert not torch.equal(exact, bf16)
    assert float((exact - bf16).norm()) < 0.1 * float((exact - start).norm())


def test_methods_look_at_the_network_itself_in_full_precision() -> None:
    seen: list[torch.dtype] = []

    class Looking(Dense):
        def after_step(self, pruner: Pruner) -> None:
            seen.append(pruner.model(torch.zeros(1, 1, 6, 6)).dtype)
            assert type(pruner.model) is TinyNetwork
            assert "forward" not in vars(pruner.model)

    with torch.random.fork_rng(devices=[]):
        model = TinyNetwork()
    config = TrainConfig(epochs=1, batch_size=BATCH, precision="bf16")
    advance(Session(model, tiny_data(), config, input_size=(1, 6, 6), method=Looking(), target=0.0), 1)
    assert seen == [torch.float32]


def test_fp16_needs_a_gpu_and_says_so() -> None:
    with pytest.raises(UsageError, match=r"fp16 needs a GPU\.\nbf16 and fp32 work everywhere"):
        plain(TrainConfig(epochs=1, precision="fp16"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_one_clear_error() -> None:
    with pytest.raises(UsageError, match=r"There is no GPU that torch can use\.\nTrain on the processor: --device cpu"):
        plain(execution=Execution(device="cuda"))


def test_a_student_comes_nearer_to_its_teacher() -> None:
    teacher = plain().model
    config = TrainConfig(epochs=4, batch_size=BATCH, learning_rate=0.05, distillation=1.0, temperature=2.0)
    student = tiny_session(config, teacher=teacher)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    advance(student, 4 * EPOCH)
    losses = [row.loss for row in student.rows]
    assert losses[-1] < 0.5 * losses[0]
    assert differences(before, dict(teacher.state_dict())) == [], "the teacher was trained"
    with pytest.raises(UsageError, match="A dense parent to learn from and distillation above 0 go together"):
        tiny_session(config)


def test_a_teacher_costs_a_dense_forward_pass() -> None:
    alone = tiny_session(CONFIG)
    config = TrainConfig(epochs=1, batch_size=BATCH, learning_rate=0.05, distillation=0.5)
    taught = tiny_session(config, teacher=plain().model)
    for session in (alone, taught):
        advance(session, EPOCH)
    assert 3 * taught.finish().flops == 4 * alone.finish().flops


def test_biases_and_norms_are_spared_decay_when_asked() -> None:
    groups = tiny_session(TrainConfig(epochs=1, decay_norms=False)).state_dict()["optimizer"]["param_groups"]
    assert [(group["weight_decay"], len(group["params"])) for group in groups] == [(5e-4, 3), (0.0, 6)]


def test_rows_come_as_often_as_asked_and_hold_means() -> None:
    rare, often = (advance(tiny_session(CONFIG, log_steps=steps), EPOCH) for steps in (None, 2))
    assert [row.step for row in rare.rows] == [5]
    assert [row.step for row in often.rows] == [2, 4, 5]
    mean = (2 * often.rows[0].loss + 2 * often.rows[1].loss + often.rows[2].loss) / 5
    assert rare.rows[0].loss == pytest.approx(mean, rel=1e-5)
    assert rare.rows[0].epoch == 1.0
    assert rare.rows[0].learning_rate == CONFIG.rate(4, 5)
    assert rare.rows[0].images_per_second == pytest.approx(IMAGES / rare.rows[0].seconds)


def test_the_validation_is_measured_at_the_end_of_each_epoch() -> None:
    session = tiny_session(TrainConfig(epochs=2, batch_size=BATCH), log_steps=2, validate=lambda: 0.25)
    advance(session, 2 * EPOCH)
    found = {row.step: row.validation_top1 for row in session.rows}
    assert found == {2: None, 4: None, 6: None, 8: None, 10: 0.25}


def test_no_epochs_prune_without_training() -> None:
    session = tiny_session(TrainConfig(epochs=0, norm_batches=2), "random", 0.5)
    assert list(session) == []
    result = session.finish()
    assert (result.steps, result.flops, result.epochs) == (0, 0, 0)
    assert session.pruner.sparsity() == 0.5
    assert float(session.model.get_buffer("bn1.num_batches_tracked")) == 2


def test_batch_norm_is_measured_anew_where_nothing_is_trained_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(**settings: Any) -> float:
        session = tiny_session(TrainConfig(batch_size=BATCH, **settings), "random", 0.5)
        for _ in session:
            pass
        session.finish()
        return float(session.model.get_buffer("bn1.num_batches_tracked"))

    assert counted(epochs=0) == EPOCH, "every image once, because there are fewer than 1,024"
    assert counted(epochs=0, norm_batches=0) == 0
    assert counted(epochs=1) == EPOCH, "what training left"
    monkeypatch.setattr("zoo.train.session.NORM_IMAGES", 2 * BATCH)
    assert counted(epochs=0) == 2


def test_a_run_without_steps_prunes_along_no_schedule_but_at_once() -> None:
    session = tiny_session(TrainConfig(epochs=0), "gmp", 0.5)
    assert session.finish().steps == 0
    assert session.pruner.sparsity() == 0.5


@pytest.mark.slow
def test_compiled_networks_train_the_same() -> None:
    exact = advance(plain(), EPOCH)
    compiled = advance(plain(execution=Execution(compile=True)), EPOCH)
    assert torch.allclose(weights(exact), weights(compiled), atol=1e-4)
    assert list(compiled.model.state_dict()) == list(exact.model.state_dict())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_learns_on_a_gpu(precision: str) -> None:
    config = TrainConfig(epochs=6, batch_size=BATCH, learning_rate=0.05, precision=precision)
    session = tiny_session(config, "rigl", 0.5, execution=Execution(device="cuda"))
    advance(session, 6 * EPOCH)
    assert session.rows[-1].loss < session.rows[0].loss
    assert session.finish().steps == 6 * EPOCH
