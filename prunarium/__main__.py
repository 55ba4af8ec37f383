"""``python -m prunarium`` is the console script."""

from .cli import main

main()
