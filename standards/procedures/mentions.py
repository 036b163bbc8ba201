"""What a pack mentions where: the words in the expressions of an item, and every condition with its path."""

from __future__ import annotations

import re

from standards.procedures.schema import Item, Pack


def words_in(pack: Pack, item: Item, kind: str) -> frozenset[str]:
    """The words in the formulas of the runs; or in every expression of the item, its uncertainty included."""
    formulas = [one for one in item.formulas if kind == "any" or one.scope == "run"]
    texts = [text for one in formulas for text in (one.expression, one.round.interval if one.round else "")]
    for limit in item.limits:
        if kind == "any" or limit.column in {one.name for one in formulas}:
            texts += [text for case in limit.cases for text in (case.only_if, case.lower, case.upper)]
    if kind == "any":
        for model in pack.uncertainty:
            if model.item == (item.before or item.id):
                for part in model.inputs:
                    texts += [part.certificate, part.value, part.u, part.expanded, part.half_width]
    return frozenset(word for text in texts for word in re.findall(r"[A-Za-z]\w*", text, re.ASCII))


def conditions(pack: Pack) -> list[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]]:
    """Every `when` of the pack with its path."""
    found = [
        (f"lookups[{a}].cases[{b}]", case.when.tests)
        for a, one in enumerate(pack.lookups)
        for b, case in enumerate(one.cases)
    ]
    found += [(f"period[{at}]", case.when.tests) for at, case in enumerate(pack.period)]
    for index, item in enumerate(pack.items):
        path = f"items[{index}]"
        found.append((path, item.when.tests))
        found += [(f"{path}.checks[{at}]", one.when.tests) for at, one in enumerate(item.checks)]
        found += [(f"{path}.points[{at}]", one.when.tests) for at, one in enumerate(item.points)]
        found += [
            (f"{path}.limits[{a}].cases[{b}]", case.when.tests)
            for a, limit in enumerate(item.limits)
            for b, case in enumerate(limit.cases)
        ]
    return found
