"""Python imports this by itself when its folder is on PYTHONPATH: faults reach spawned children too."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import fault_points

fault_points.install()
