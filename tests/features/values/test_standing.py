import polars as pl
import pytest

from features.values.standing import standing, standings

ACTIVE = (
    "存续（在营、开业、在册） 存续 在业 开业 在营 在册 正常 登记成立 迁入 核准设立 续存 未注销 "
    "仍注册 仍註冊 营业 存续(经营异常) Active Registered Live Normal 在营（开业） 正常户 未吊销 "
    "有效 已移出经营异常名录 确立 存活 恢复营业 已建成"
)
INACTIVE = (
    "迁出 已迁出企业 注销 已注销 注销企业 吊销，未注销 吊销,已注销 撤销 已撤销 歇业 停业 已停业 "
    "关闭 责令关闭 除名 破产 已告解散 名称已更改 清算 清算中 非正常户 非正常 存续（拟注销公告） "
    "废止 不再存续 解散 註銷 已註銷 吊銷 Dissolved Strike-Off Inactive Liquidation Deregistered "
    "Closed Cancelled Revoked 停产 休眠 依法被吊销 被合并 Bankrupt struck_off 已被撤消登记 "
    "废业 休业 廢業 Wound-up 设立失败 已迁移 已搬迁 销户 停工停产 证照过期 个转企 清退"
)
UNKNOWN = "筹建 名称预先核准 设立中 筹备中 预登记 待开业 未开业 其他 1 abc 异常"


@pytest.mark.parametrize("status", [*ACTIVE.split(), "Good standing", "In Business"])
def test_existing_enterprises_are_active(status):
    assert standing(status) == "active"


@pytest.mark.parametrize(
    "status",
    [
        *INACTIVE.split(),
        "struck off",
        "In liquidation",
        " 注 销 ",
        "休止活动",
        "关店",
        "Not in business",
    ],
)
def test_ended_enterprises_are_inactive(status):
    assert standing(status) == "inactive"


@pytest.mark.parametrize("status", [*UNKNOWN.split(), "半停产", "部分停产", "未投产", "", None])
def test_what_does_not_say_is_unknown(status):
    assert standing(status) is None


def test_standings_of_a_column():
    found = standings(pl.Series(["存续", None, "注销", "筹建"]))
    assert found.to_list() == ["active", None, "inactive", None]
