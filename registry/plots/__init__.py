"""Pictures of the catalogue's results, each with the numbers that it draws: for the command line and the site."""

from .by_model import reliability_bins
from .pictures import Plot, PlotInputs, plots_of
from .write import load_inputs, write_plots

__all__ = ["Plot", "PlotInputs", "load_inputs", "plots_of", "reliability_bins", "write_plots"]
