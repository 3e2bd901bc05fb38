from training.synthetic_city import SYNTHETIC, synthetic_city


def test_everything_made_is_labelled_synthetic():
    data = synthetic_city()
    assert data.enterprises["enterprise_id"].str.starts_with("SYNTHETIC-").all()
    assert data.enterprises["name"].str.starts_with("模拟").all()
    assert (data.enterprises["tags"].list.first() == SYNTHETIC).all()
    assert data.needs["need_id"].str.starts_with(SYNTHETIC).all()
    assert (data.needs["basis"] == SYNTHETIC).all()
    assert data.zones["zone_id"].str.starts_with(SYNTHETIC).all()
    assert synthetic_city().enterprises.equals(data.enterprises)
