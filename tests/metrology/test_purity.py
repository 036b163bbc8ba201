"""The metrology package is liftable: standard library only, numpy only where Monte Carlo asks for it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["rounding", "units", "expression", "statistics", "distributions", "budget", "conformity"]
)
def test_importing_a_module_brings_neither_django_nor_numpy(module):
    code = (
        f"import sys, lims.metrology.{module}; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'django', 'numpy', 'GTC', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_itself_imports_nothing():
    code = "import sys, lims.metrology; print([name for name in sys.modules if name.startswith('lims.metrology.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
