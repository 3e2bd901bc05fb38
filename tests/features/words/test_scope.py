import pytest

from features.words.scope import MAX_ITEMS, scope_items


@pytest.mark.parametrize(
    ("scope", "items"),
    [
        ("一般项目：锂离子电池制造；电池销售；货物进出口", ["锂离子电池", "电池"]),
        ("LED灯具的研发、生产、销售", ["LED灯具"]),
        ("生产、销售：矿灯，防爆电气设备。", ["矿灯", "防爆电气设备"]),
        ("煤炭批发经营（凭许可证）", ["煤炭", "凭许可证"]),
        ("电池；电池；电池", ["电池"]),
        ("煤矿机械及配件的维修", ["煤矿机械", "配件"]),
        ("研发、生产和销售", []),
        ("", []),
        ("；；、，", []),
        ("灯", []),
    ],
)
def test_items_are_what_is_made_or_sold_each_once_and_in_order(scope, items):
    assert scope_items(scope) == items


@pytest.mark.parametrize(
    "everybody",
    ["货物进出口", "技术进出口", "技术服务", "技术咨询", "信息咨询服务"],
)
def test_what_nearly_every_scope_has_is_no_item(everybody):
    assert scope_items(f"{everybody}；光伏组件制造") == ["光伏组件"]


def test_a_note_of_the_registry_is_no_item():
    scope = "光伏组件制造（依法须经批准的项目，经相关部门批准后方可开展经营活动）"
    assert scope_items(scope) == ["光伏组件"]


def test_widths_and_scripts_make_no_difference_to_what_everybody_has():
    assert scope_items("貨物進出口；光伏组件制造") == ["光伏组件"]


def test_no_more_than_so_many_items_are_read():
    scope = "；".join(f"第{number}种零件制造" for number in range(3 * MAX_ITEMS))
    items = scope_items(scope)
    assert len(items) == MAX_ITEMS
    assert items[-1] == f"第{MAX_ITEMS - 1}种零件"


def test_a_text_without_any_break_is_no_item():
    assert scope_items("零" * 5_000) == []
