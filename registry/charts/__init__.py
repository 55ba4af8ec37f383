"""Charts as SVG strings: pure functions of numbers, used by cards, the command line and the site.

Colours are CSS classes (``m0`` … ``m7`` for series; ``better``, ``worse``, ``same`` for tones), so that a page's light
and dark schemes reach inside; :func:`standalone` adds a style sheet for a picture that leaves the page. No function
reads a clock, a file or a setting. Every string that comes in is escaped.
"""

from .boxes import severity_boxes
from .curves import sparsity_curves
from .heatmap import corruption_heat_map
from .layers import LayerBar, layer_sparsity_bars
from .lines import MOST_LINES, Line, LinePoint, sparsity_lines
from .reliability import ReliabilityBin, reliability_diagram
from .scales import Scale, linear_scale, spread, symlog_scale
from .scatter import LinePlace, ScatterPoint, robustness_scatter
from .standalone import standalone
from .strip import StripCell, shade, task_strip, task_strip_header
from .svg import number, signed
from .training import Course, training_curve
from .whisker import Whisker, tone_of, whisker, whisker_header, whisker_scale

__all__ = [
    "MOST_LINES",
    "Course",
    "LayerBar",
    "Line",
    "LinePlace",
    "LinePoint",
    "ReliabilityBin",
    "Scale",
    "ScatterPoint",
    "StripCell",
    "Whisker",
    "corruption_heat_map",
    "layer_sparsity_bars",
    "linear_scale",
    "number",
    "reliability_diagram",
    "robustness_scatter",
    "severity_boxes",
    "shade",
    "signed",
    "sparsity_curves",
    "sparsity_lines",
    "spread",
    "standalone",
    "symlog_scale",
    "task_strip",
    "task_strip_header",
    "tone_of",
    "training_curve",
    "whisker",
    "whisker_header",
    "whisker_scale",
]
