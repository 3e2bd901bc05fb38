import polars as pl

from features.need import NeedQuery
from features.space.space import FeatureSpace
from features.tables.schema import SCHEMAS


def test_an_office_s_own_words_stand_beside_the_thesaurus(store, fitted):
    space = fitted.ranker.space

    def words(*rows):
        schema = SCHEMAS["words"].create_empty().schema
        return pl.DataFrame(rows, schema=schema, orient="row")

    def weights(of):
        return dict(of.need(NeedQuery("植物专项")).understood.words)

    own = words(("植物专项", ["精甲醇", "粗甲醇"], ["植物项目"], None))
    worded = space.with_words(own)
    assert "精甲醇" in weights(worded)
    assert "精甲醇" not in weights(space)
    assert worded.need(NeedQuery("植物项目")).understood.concepts[0].name == "植物专项"
    assert space.with_words(own.clone()) is worded
    assert space.with_words(words()) is space
    changed = space.with_words(words(("植物专项", ["焦炭"], None, None)))
    assert {word: word in weights(changed) for word in ("精甲醇", "焦炭")} == {
        "精甲醇": False,
        "焦炭": True,
    }
    restored = FeatureSpace(store, space.chain_map, own_words=own).restore(space.arrays())
    assert weights(restored) == weights(worded)
