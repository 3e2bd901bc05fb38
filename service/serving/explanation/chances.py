"""The calibrated probability that a lead signs, with a note on what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.scoring.calibration import MIN_CLOSED, MIN_LOST, MIN_WON

if TYPE_CHECKING:
    from models.scoring.calibration import Calibration
    from service.serving.interfaces import Document, Language

CALIBRATED = {
    "zh": "按{closed}个已有结果的线索（其中签约{won}个）校准：与这些相似的线索，"
    "跟进到有结果时签约的机会有多大；排序以 score 为准。",
    "en": "Calibrated on {closed} closed leads, {won} of them signed: how often a lead that is "
    "pursued and closed is signed, among outcomes like these; score ranks.",
}
TOO_FEW = {
    "zh": "已有结果的线索{closed}个，其中签约{won}个、未成{lost}个；满{least}个、"
    "其中签约满{least_won}个、未成满{least_lost}个，才能校准签约概率，目前不给出；"
    "得分只表示排序，不是概率。",
    "en": "There are {closed} closed leads, {won} of them signed and {lost} declined or lost; a "
    "chance of signing is given from {least} on, with at least {least_won} signed and "
    "{least_lost} declined or lost. score only ranks and is not a probability.",
}
UNCOUNTED = {
    "zh": "签约概率须待有足够的签约结果后校准，目前不给出；得分只表示排序，不是概率。",
    "en": "A chance of signing is not given until there are enough outcomes to calibrate it; "
    "score only ranks and is not a probability.",
}
"""The note for a version made before outcomes were counted."""


def chance(calibration: Calibration, raw: float, *, warm: bool, language: Language) -> Document:
    """Return `probability` and `probability_note` of a lead.

    Parameters
    ----------
    calibration : Calibration
    raw : float
        Its raw score.
    warm : bool
        Whether its need has its own head.
    language : {"zh", "en"}
    """
    found = calibration.probability(raw, warm=warm)
    if calibration.closed is None:
        shown = UNCOUNTED[language]
    else:
        shown = (TOO_FEW if found is None else CALIBRATED)[language].format(
            closed=calibration.closed,
            won=calibration.won,
            lost=calibration.closed - (calibration.won or 0),
            least=MIN_CLOSED,
            least_won=MIN_WON,
            least_lost=MIN_LOST,
        )
    return {"probability": found, "probability_note": shown}
