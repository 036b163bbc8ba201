"""Budgets written as the TOML file a user would write."""

import pytest


def _table(fields):
    lines = []
    for key, value in fields.items():
        text = "[" + ", ".join(f'"{item}"' for item in value) + "]" if isinstance(value, list | tuple) else f'"{value}"'
        lines.append(f"{key} = {text}")
    return "\n".join(lines)


def _budget_text(outputs, inputs, *, correlation=(), together=(), **top):
    """`inputs`: name to fields; `correlation`: (a, b, r) triples; `together`: lists of names read together."""
    parts = ["\n".join(f"{key} = {value}" for key, value in top.items()), "[outputs]", _table(outputs)]
    parts += [f"[[input]]\n{_table({'name': name, **fields})}" for name, fields in inputs.items()]
    parts += [f"[[correlated_readings]]\n{_table({'names': names})}" for names in together]
    parts += [f"[[correlation]]\n{_table({'names': [a, b], 'r': r})}" for a, b, r in correlation]
    return "\n".join(parts)


@pytest.fixture
def budget_text():
    return _budget_text
