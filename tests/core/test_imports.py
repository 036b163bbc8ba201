"""Within the kernel no two files need each other, however far round, late imports inside functions included."""

import grimp


def _circles(graph: grimp.ImportGraph, package: str) -> set[str]:
    """Modules of the package that lie on a circle: those left when whoever imports none of the rest is taken away."""
    left = {name for name in graph.modules if name.startswith(f"{package}.")}
    while free := {name for name in left if not graph.find_modules_directly_imported_by(name) & left}:
        left -= free
    return left


def test_no_file_of_the_kernel_is_needed_by_what_it_needs():
    assert _circles(grimp.build_graph("lims", cache_dir=None), "lims.core") == set()
