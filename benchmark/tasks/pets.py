"""37 breeds of cats and dogs."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("pets@1")(
    TransferTask(
        name="pets",
        version="1",
        title="Oxford-IIIT Pets, breeds",
        primary_metric="mean-per-class@1",
        source="Parkhi et al. 2012, the official trainval and test lists",
        data=SourcedManifest(
            name="pets",
            class_names=class_names("pets"),
            splits=split_facts("pets", train=3_680, test=3_669),
            sources=(
                DataSource(spec="archive:pets", size_bytes=811_092_049),
                DataSource(
                    spec="hub:mteb/OxfordPets@557b480fae8d69247be74d9503b378a09425096f?"
                    "train=train&test=test&image=image&label=label"
                ),
            ),
            licence="CC-BY-SA-4.0",
            citation=(
                "O. M. Parkhi, A. Vedaldi, A. Zisserman and C. V. Jawahar (2012). Cats and Dogs. CVPR 2012, "
                "3498-3505. doi:10.1109/CVPR.2012.6248092"
            ),
        ),
    )
)
