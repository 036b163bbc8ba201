"""Read a pack file strictly: `load_pack(text)` gives a Pack or raises PackErrors naming every fault with its path."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lims.core import canonical
from lims.core.strict import Table, parse
from lims.core.text import DataError, Text
from standards.procedures.claims import collect
from standards.procedures.items import read_item, read_show, repeat_items
from standards.procedures.parts import Sources, read_claim, read_when
from standards.procedures.schema import (
    CATEGORIES,
    KINDS,
    UNKNOWN,
    Constant,
    Conversion,
    Correction,
    EnvironmentLimit,
    Example,
    ExpectedCell,
    ExpectedLimit,
    Kind,
    Lookup,
    LookupCase,
    Option,
    Pack,
    PackErrors,
    Parameter,
    PeriodCase,
    RequiredDevice,
    Sourced,
    UncertaintyInput,
    UncertaintyModel,
    Wording,
)
from standards.procedures.survey import survey

LARGEST_FILE = 250_000
"""Characters; the largest shipped pack is below a fifth of it."""

SCHEMA = "procedure/1"


def load_pack(text: str, *, name: str = "") -> Pack:
    """Read one pack. `name` (the file's) is only for messages. Raises PackErrors; formulas are checked by `check_pack`."""
    try:
        data = parse(text, longest=LARGEST_FILE)
    except DataError as error:
        raise PackErrors([error]) from None
    errors = survey(data)
    if errors:
        raise PackErrors(errors)
    root = Table(data, "", errors)
    root.choice("schema", (SCHEMA,))
    sources = _sources(root)
    dates, starts, ends = _dates(root, sources)
    items = repeat_items(
        tuple(read_item(table, sources) for table in root.tables("items", required=True, most=60)), root
    )
    pack = Pack(
        code=root.text("code"),
        edition=root.text("edition"),
        title=root.words("title"),
        scope=root.words("scope"),
        categories=_categories(root),
        in_force_from=starts,
        in_force_to=ends,
        kinds=tuple(_kind(table, sources) for table in root.tables("kinds", required=True)),
        parameters=tuple(_parameter(table) for table in root.tables("parameters")),
        constants=tuple(_constant(table, sources) for table in root.tables("constants")),
        corrections=tuple(_correction(table, sources) for table in root.tables("corrections", most=20)),
        conversions=tuple(_conversion(table) for table in root.tables("conversions")),
        lookups=tuple(_lookup(table, sources) for table in root.tables("lookups")),
        environment=tuple(_environment(table, sources) for table in root.tables("environment")),
        required_devices=tuple(_device(table, sources) for table in root.tables("required_devices")),
        items=items,
        period=tuple(_period(table, sources) for table in root.tables("period", required=True)),
        wording=_wording(root.table("wording")),
        uncertainty=tuple(_uncertainty(table, sources) for table in root.tables("uncertainty")),
        examples=tuple(_example(table, sources) for table in root.tables("examples")),
        notes=tuple(one.as_words() for one in root.tables("notes")),
        sha256="",
        name=name,
    )
    root.close()
    for key in sources.listed:
        if key not in sources.cited:
            root.fault(f"sources.{key}", "没有任何值引用这个来源。", "No value cites this source.")
    errors.extend(_references(pack))
    if errors:
        raise PackErrors(errors)
    return replace(
        pack,
        sha256=canonical.sha256(data),
        sourced=(*dates, *collect(pack)),
        index={item.id: item for item in items},
    )


def _sources(root: Table) -> Sources:
    table = root.table("sources")
    listed = {key: table.text(key) for key in table.data}
    for key in listed:
        if not key.isascii():
            table.fault(key, "来源的键只用 ASCII 字符。", "Source keys use ASCII characters only.")
    return Sources(listed)


def _dates(root: Table, sources: Sources) -> tuple[list[Sourced], date | None, date | None]:
    table = root.table("in_force")
    claim = read_claim(table, sources)
    found: dict[str, date | None] = {}
    listed: list[Sourced] = []
    for key, zh, en in (("start", "施行日期", "in force from"), ("end", "失效日期", "in force until")):
        value = table.text(key, None if key == "start" else "")
        found[key] = None
        if value and value != UNKNOWN:
            try:
                found[key] = date.fromisoformat(value)
            except ValueError:
                table.fault(
                    key,
                    f"“{value[:40]}”不是日期（如 2024-05-01）。",
                    f"“{value[:40]}” is no date (such as 2024-05-01).",
                )
        if value:
            listed.append(Sourced(f"in_force.{key}", Text(zh, en), value, claim))
    table.close()
    return listed, found["start"], found["end"]


def _categories(root: Table) -> tuple[str, ...]:
    values = root.strings("categories", required=True)
    for value in values:
        if value not in CATEGORIES:
            root.fault("categories", f"未知的器具类别“{value[:40]}”。", f"Unknown instrument category “{value[:40]}”.")
    return values


def _kind(table: Table, sources: Sources) -> Kind:
    kind = Kind(table.choice("id", KINDS), table.strings("items", required=True), read_claim(table, sources))
    table.close()
    return kind


def _parameter(table: Table) -> Parameter:
    options = []
    for one in table.tables("options"):
        options.append(Option(one.text("value"), one.words("label")))
        one.close()
    parameter = Parameter(
        name=table.identifier("name"),
        label=table.words("label"),
        unit=table.text("unit", "1"),
        options=tuple(options),
        default=table.text("default", ""),
    )
    if options and parameter.default and parameter.default not in {option.value for option in options}:
        table.fault("default", "默认值不在选项之中。", "The default is not among the options.")
    table.close()
    return parameter


def _constant(table: Table, sources: Sources) -> Constant:
    constant = Constant(
        name=table.identifier("name"),
        label=table.words("label"),
        unit=table.text("unit"),
        role=table.text("role"),
        default=table.number("default", ""),
        claim=read_claim(table, sources) if table.has("source") else None,
    )
    if constant.default and constant.claim is None:
        table.fault("source", "有默认值就要有来源。", "A default value needs a source.")
    table.close()
    return constant


def _correction(table: Table, sources: Sources) -> Correction:
    name = table.identifier("name")
    table.choice("interpolation", ("linear",))
    correction = Correction(
        name=name,
        label=table.words("label"),
        unit=table.text("unit"),
        role=table.text("role"),
        certified=table.text("certified", name),
        at=table.text("at"),
        at_unit=table.text("at_unit"),
        interpolation="linear",
        default=table.number("default", ""),
        show=read_show(table, "record"),
        claim=read_claim(table, sources) if table.has("source") else None,
    )
    if correction.default and correction.claim is None:
        table.fault("source", "有默认值就要有来源。", "A default value needs a source.")
    table.close()
    return correction


def _conversion(table: Table) -> Conversion:
    conversion = Conversion(table.identifier("name"), table.number("value"), table.text("unit"))
    table.close()
    return conversion


def _lookup(table: Table, sources: Sources) -> Lookup:
    cases = []
    for one in table.tables("cases", required=True):
        cases.append(
            LookupCase(read_when(one), one.text("value"), read_claim(one, sources, value=one.data.get("value")))
        )
        one.close()
    lookup = Lookup(table.identifier("name"), table.words("label"), table.text("unit"), tuple(cases))
    table.close()
    return lookup


def _environment(table: Table, sources: Sources) -> EnvironmentLimit:
    limit = EnvironmentLimit(
        name=table.identifier("name"),
        label=table.words("label"),
        unit=table.text("unit"),
        lower=table.number("lower", "", also=UNKNOWN),
        upper=table.number("upper", "", also=UNKNOWN),
        max_change=table.number("max_change", "", also=UNKNOWN),
        claim=read_claim(table, sources, value=table.data.get("lower")),
    )
    table.close()
    return limit


def _device(table: Table, sources: Sources) -> RequiredDevice:
    device = RequiredDevice(
        role=table.identifier("role"),
        title=table.words("title"),
        quantity=table.text("quantity"),
        count=_whole(table, "count"),
        unit=table.text("unit"),
        lower=table.text("lower", ""),
        upper=table.text("upper", ""),
        accuracy=table.text("accuracy"),
        claim=read_claim(table, sources, value=table.data.get("accuracy")),
    )
    table.close()
    return device


def _whole(table: Table, key: str) -> int:
    """A small whole number in quotes; 1 when absent."""
    text = table.text(key, "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 100):
        table.fault(key, f"“{text[:40]}”不是 1 到 100 的整数。", f"“{text[:40]}” is no whole number from 1 to 100.")
        return 1
    return int(text)


def _period(table: Table, sources: Sources) -> PeriodCase:
    case = PeriodCase(
        read_when(table),
        table.number("months", also=UNKNOWN),
        read_claim(table, sources, value=table.data.get("months")),
    )
    table.close()
    return case


def _wording(table: Table) -> Wording:
    wording = Wording(
        passed=table.words("passed"),
        failed=table.words("failed"),
        statements=tuple(one.as_words() for one in table.tables("statements")),
    )
    table.close()
    return wording


def _uncertainty(table: Table, sources: Sources) -> UncertaintyModel:
    inputs = []
    for one in table.tables("inputs", required=True):
        read = UncertaintyInput(
            name=one.identifier("name"),
            label=one.words("label"),
            unit=one.text("unit"),
            readings=one.text("readings", ""),
            certificate=one.text("certificate", ""),
            value=one.text("value", ""),
            u=one.text("u", ""),
            expanded=one.text("U", ""),
            k=one.number("k", ""),
            half_width=one.text("half_width", ""),
            distribution=one.choice("distribution", ("", "rectangular", "triangular", "arcsine", "normal"), default=""),
            dof=one.number("dof", ""),
            claim=read_claim(one, sources, value=UNKNOWN if UNKNOWN in one.data.values() else ""),
        )
        given = [part for part in (read.readings, read.u, read.expanded, read.half_width) if part]
        if len(given) != 1 and not (read.certificate and not given):
            one.fault(
                "",
                "要在 readings、u、U（带 k）、half_width（带 distribution）中恰好给出一个；有 certificate 时最多一个。",
                "Give exactly one of readings, u, U (with k) and half_width (with distribution); beside certificate at most one.",
            )
        if read.certificate and read.readings:
            one.fault("readings", "certificate 与 readings 不能同时给出。", "Give certificate or readings, not both.")
        inputs.append(read)
        one.close()
    model = UncertaintyModel(
        item=table.identifier("item"),
        column=table.identifier("column"),
        unit=table.text("unit"),
        expression=table.text("expression"),
        k=table.number("k", ""),
        probability=table.number("probability", ""),
        mode="up" if table.choice("mode", ("half_even", "up"), default="half_even") == "up" else "half_even",
        inputs=tuple(inputs),
        note=table.optional_words("note"),
    )
    table.close()
    return model


def _example(table: Table, sources: Sources) -> Example:
    expect = table.table("expect")
    cells = []
    for one in expect.tables("cells"):
        cells.append(ExpectedCell(one.text("at"), one.number("value", ""), one.text("printed", "")))
        one.close()
    limits = []
    for one in expect.tables("limits"):
        limits.append(
            ExpectedLimit(
                one.text("at"),
                one.number("lower", ""),
                one.number("upper", ""),
                one.text("result", ""),
            )
        )
        one.close()
    example = Example(
        id=table.text("id"),
        title=table.words("title"),
        only=table.strings("only"),
        record=table.table("record").data,
        conclusion=expect.choice("conclusion", ("pass", "fail", "recorded", "undecided", "incomplete")),
        failed_items=expect.strings("failed_items"),
        cells=tuple(cells),
        limits=tuple(limits),
        warnings=expect.strings("warnings"),
        claim=read_claim(table, sources),
    )
    expect.close()
    table.close()
    return example


def _references(pack: Pack) -> list[DataError]:
    """Names that must be unique, and references from one part of the file to another."""
    errors = []
    for what, names in (
        ("items", [item.id for item in pack.items]),
        ("kinds", [kind.id for kind in pack.kinds]),
        ("examples", [example.id for example in pack.examples]),
        ("required_devices", [device.role for device in pack.required_devices]),
        ("parameters", [one.name for one in pack.parameters]),
        ("corrections", [one.name for one in pack.corrections]),
    ):
        errors.extend(_repeated(what, names))
    known = {item.id for item in pack.items}
    for index, kind in enumerate(pack.kinds):
        errors.extend(_unknown_items(f"kinds[{index}].items", kind.items, known))
    for index, example in enumerate(pack.examples):
        errors.extend(_unknown_items(f"examples[{index}].only", example.only, known))
    roles = {device.role for device in pack.required_devices}
    for index, constant in enumerate(pack.constants):
        if constant.role not in roles:
            errors.append(_no_role(f"constants[{index}].role", constant.role))
    for index, correction in enumerate(pack.corrections):
        if correction.role not in roles:
            errors.append(_no_role(f"corrections[{index}].role", correction.role))
    for index, item in enumerate(pack.items):
        for place, reading in enumerate(item.readings):
            if reading.source == "rig" and reading.role not in roles:
                errors.append(_no_role(f"items[{index}].readings[{place}].role", reading.role))
    return errors


def _repeated(what: str, names: list[str]) -> list[DataError]:
    return [
        DataError(f"{what}[{index}]", f"“{name}”重复出现。", f"“{name}” occurs more than once.")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _unknown_items(path: str, names: tuple[str, ...], known: set[str]) -> list[DataError]:
    return [
        DataError(path, f"没有名为“{name}”的项目。", f"There is no item named “{name}”.")
        for name in names
        if name not in known
    ]


def _no_role(path: str, role: str) -> DataError:
    return DataError(path, f"required_devices 中没有角色“{role}”。", f"required_devices has no role “{role}”.")
