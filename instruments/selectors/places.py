"""What the places of a record are called: `items.working_error.rows[0].runs[1].E_pile_end` as people say it."""

from instruments.selectors import paths
from lims.core.text import Text
from standards.procedures import Pack

_STARTS = (Text("开始", "start"), Text("结束", "end"))


def label(pack: Pack, path: str) -> Text:
    """The name of a place in both languages; the path itself where the pack does not know it."""
    steps = paths.parts(path)
    try:
        found = _label(pack, steps)
    except (KeyError, IndexError, StopIteration, TypeError):
        found = None
    return found or Text(path, path)


def _label(pack: Pack, steps: list[str | int]) -> Text | None:
    top, name = str(steps[0]), str(steps[1])
    if top == "environment":
        limit = next(one for one in pack.environment if one.name == name)
        return _join(limit.label, _STARTS[int(steps[2])])
    if top == "parameters":
        parameter = pack.parameter(name)
        return parameter.label if parameter else None
    item = pack.item(name)
    if top == "judged":
        check = next(one for one in item.checks if one.id == steps[2])
        what = Text("备注", "remark") if steps[3] == "remark" else Text("结果", "result")
        return _join(item.title, check.title, what)
    row = int(steps[3])
    point = Text(f"第{row + 1}点", f"point {row + 1}")
    if steps[4] == "runs":
        run = Text(f"第{int(steps[5]) + 1}次", f"run {int(steps[5]) + 1}")
        reading = item.reading(str(steps[6]))
        return _join(item.title, point, run, reading.label) if reading else None
    if steps[4] == "values":
        value = next(one for one in item.values if one.name == steps[5])
        return _join(item.title, point, value.label)
    reading = item.reading(str(steps[5]))
    return _join(item.title, point, reading.label) if reading else None


def _join(*parts: Text) -> Text:
    return Text(" · ".join(one.zh for one in parts), " · ".join(one.en for one in parts))
