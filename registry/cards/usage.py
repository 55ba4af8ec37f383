"""The lines that a reader copies. Each block runs as it stands: a test executes every one on a published card.

Nothing here names an endpoint: ``PRUNARIUM_HUB`` and ``HF_ENDPOINT`` choose the hub, and a folder needs none.
"""

from zoo.checkpoint.folder import WEIGHTS

from .facts import CardFacts

_OTHER_HUB = (
    "If this is another hub than huggingface.co, set `PRUNARIUM_HUB` and `HF_ENDPOINT` to its address before the lines "
    "above."
)


def usage(facts: CardFacts) -> str:
    """How to get the files, load the network, train it on and read it without Prunarium."""
    with_timm = facts.config.timm_name is not None
    blocks = [
        f"The files, verified byte by byte; the second line also gives `{WEIGHTS}`, which every other program reads:",
        _block("sh", _pull(facts)),
        "The network, ready to predict:",
        _block("python", _load(facts)),
        "Fine-tuning keeps every zero, also with a new classifier:" if facts.pruned else "With a new classifier:",
        _block("python", _finetune(facts)),
        "The same weights in a network that comes from elsewhere"
        + (", which would lose its zeros at the first step without the last line:" if facts.pruned else ":"),
        _block("python", _from_timm(facts) if with_timm else _from_safetensors(facts)),
    ]
    if facts.pruned:
        blocks.append("With accelerate, before or after `accelerator.prepare(model, optimizer)`.")
    if with_timm:
        blocks += [
            "Without any hub, from the folder that `prunarium pull` wrote:",
            _block("python", _from_folder(facts)),
        ]
    return "\n\n".join([*blocks, _OTHER_HUB])


def _pull(facts: CardFacts) -> str:
    return f"""prunarium pull {facts.repo_id}
prunarium pull {facts.repo_id} --dense --out {_folder(facts)}"""


def _load(facts: CardFacts) -> str:
    return f"""import torch

import prunarium

model = prunarium.load("{facts.repo_id}")
with torch.inference_mode():
    logits = model({_images(facts, 1)})"""


def _finetune(facts: CardFacts) -> str:
    return f"""import torch

import prunarium

model = prunarium.load("{facts.repo_id}", num_classes=10).train()
{_step(facts)}"""


def _from_timm(facts: CardFacts) -> str:
    return f"""import timm
import torch

import prunarium

model = timm.create_model("hf-hub:{facts.repo_id}", pretrained=True)
{_optimizer()}
prunarium.keep_sparse(model, optimizer)"""


def _from_folder(facts: CardFacts) -> str:
    return f"""import timm

model = timm.create_model("local-dir:{_folder(facts)}", pretrained=True)"""


def _from_safetensors(facts: CardFacts) -> str:
    config = facts.config
    return f"""import torch
from safetensors.torch import load_file

import prunarium
import zoo

model = zoo.build("{config.architecture}", {config.num_classes})
model.load_state_dict(load_file("{_folder(facts)}/{WEIGHTS}"))
{_optimizer()}
prunarium.keep_sparse(model, optimizer)"""


def _step(facts: CardFacts) -> str:
    return f"""{_optimizer()}
images, labels = {_images(facts, 4)}, torch.arange(4)  # your own data
torch.nn.functional.cross_entropy(model(images), labels).backward()
optimizer.step()"""


def _optimizer() -> str:
    return "optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)"


def _images(facts: CardFacts, count: int) -> str:
    return f"torch.rand({', '.join(map(str, (count, *facts.config.preprocessing.input_size)))})"


def _folder(facts: CardFacts) -> str:
    return facts.repo_id.rpartition("/")[2]


def _block(language: str, lines: str) -> str:
    return f"```{language}\n{lines}\n```"
