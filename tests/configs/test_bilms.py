import _jsonnet
from allennlp.common import Params
from shipped_configs import FOLDER

from elmo_tasks.bilm.pretrained import BUNDLED, PUBLISHED
from elmo_tasks.pretraining.recipes import RECIPES


def test_the_table_of_dimensions_is_right() -> None:
    # Published biLMs are called by their shape: 2x4096_512_...
    projections = {name: int(shape.split("_")[1]) for name, shape in PUBLISHED.items()}
    mini = Params.from_file(str(FOLDER / "bilm" / "mini.jsonnet")).as_dict()
    projections["mini"] = mini["model"]["options"]["lstm"]["projection_dim"]
    projections["mini-zh"] = RECIPES["compact"].options.projection_dim
    assert set(projections) == {*BUNDLED, *PUBLISHED}
    library = FOLDER / "lib" / "bilms.libsonnet"
    for name, projection in projections.items():
        assert _jsonnet.evaluate_snippet("test", f"(import '{library}').dim('{name}')").strip() == str(2 * projection)
