"""``python -m weft.cli``, the same as the command ``weft``."""

from . import main

main()
