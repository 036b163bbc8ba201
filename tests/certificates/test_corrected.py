"""A certificate whose procedure shows the standard's corrections prints them with U, k and their origin; the twin says the same."""

from collections.abc import Callable

import specimen

from certificates import dcc
from certificates.documents import render
from standards.procedures import evaluate, load_pack, result_tables
from tests.procedures.test_corrections import SHOWN, TABLE, device, record


def test_paper_and_twin_tell_the_correction_its_uncertainty_and_its_origin(text_of: Callable[[bytes], str]) -> None:
    pack = load_pack(SHOWN)
    data = record(pack, [device(*TABLE)], t="25", x="25")
    facts = specimen.calibration()
    facts["results"] = result_tables(pack, data, evaluate(pack, data))
    facts["adjustment"] = None

    text = "".join(text_of(render(facts)).split())
    assert "修正值取自设备T-1的证书C-T-1（表，相邻点之间线性内插）。" in text
    assert "0.160" in text and "修正值U" in text

    document = dcc.build(facts)
    (result,) = dcc.read(document).results
    column = next(one for one in result.columns if one.label == "修正值")
    assert (column.values, column.expanded, column.factors) == (("0.160",), ("0.08",), ("2",))
    assert "取自设备 T-1 的证书 C-T-1" in document.decode()
