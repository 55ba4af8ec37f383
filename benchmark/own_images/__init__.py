"""Published checkpoints on a user's own images: ``prunarium finetune`` and ``prunarium predict``."""
