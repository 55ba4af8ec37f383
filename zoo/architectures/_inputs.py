"""What the images of each data set are turned into before a network sees them.

These are what an architecture's weights need where nothing else is known; imported weights bring their own
(:mod:`zoo.importers._pretrained`).
"""

from dataclasses import replace

from ..checkpoint.config import Preprocessing

# The evaluation transform of the published ResNet-50 pruning results: resize 256, centre crop 224, bilinear.
IMAGENET = Preprocessing((3, 224, 224), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear", 0.875)

# Means and deviations of the training images, rounded; the images already have the size.
CIFAR10 = Preprocessing((3, 32, 32), (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), "bilinear", 1.0)
MNIST = Preprocessing((1, 28, 28), (0.1307,), (0.3081,), "bilinear", 1.0)
DIGITS = Preprocessing((1, 8, 8), (0.305,), (0.378,), "nearest", 1.0)

# As timm evaluates the networks that came after: bicubic, and for the transformers of Google colours from -1 to 1.
BICUBIC = replace(IMAGENET, interpolation="bicubic")
TRANSFORMER = replace(BICUBIC, crop_fraction=0.9)
SYMMETRIC = replace(TRANSFORMER, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
