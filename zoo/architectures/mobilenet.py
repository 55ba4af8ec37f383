"""MobileNets as timm builds them: v1 (arXiv:1704.04861), v2 (arXiv:1801.04381), v3 (arXiv:1905.02244).

timm's v1 ends its ramps at 6; the one of the pruning literature, which does not, is ``mobilenetv1``.
"""

from ._inputs import BICUBIC, IMAGENET
from ._timm import enter

enter("mobilenetv1_100", "MobileNet-v1", 4_231_976, "classifier", IMAGENET)
enter("mobilenetv2_100", "MobileNet-v2", 3_504_872, "classifier", BICUBIC)
enter("mobilenetv3_large_100", "MobileNet-v3 Large", 5_483_032, "classifier", BICUBIC)
enter("mobilenetv3_small_100", "MobileNet-v3 Small", 2_542_856, "classifier", BICUBIC)
