"""Checkpoints as bytes: the safetensors container, the model folder, the passport. Free of torch but for torch_io."""
