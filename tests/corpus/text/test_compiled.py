import ast
from pathlib import Path

import pytest

from corpus.text.compiled import PACKAGE, number_names, source_digest


def test_named_columns_are_numbered_in_order():
    at = number_names(["words", "links from 25 %", "page has main, not in it"])

    assert (at.words, at.links_from_25, at.page_has_main_not_in_it) == (0, 1, 2)


def test_two_columns_cannot_have_one_name():
    with pytest.raises(ValueError, match="duplicate"):
        number_names(["links from 1", "links from 1 %"])


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "compiled.py").write_text("")
    (tmp_path / "kernels.py").write_text(
        "from corpus.text.compiled import kernel\nfrom corpus.limits import (\n  MAX,\n)\n"
    )
    (tmp_path / "limits.py").write_text("from corpus.rooms import deep\nMAX = deep.MAX\n")
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "__init__.py").write_text("")
    (tmp_path / "rooms" / "deep.py").write_text("MAX = 3\n")
    (tmp_path / "other.py").write_text("from corpus.kernels import run\n")
    return tmp_path


def digest(package: Path) -> str:
    source_digest.cache_clear()
    return source_digest(package)


@pytest.mark.parametrize("module", ["text/compiled.py", "kernels.py", "limits.py", "rooms/deep.py"])
def test_what_is_cached_is_stale_once_a_kernel_or_a_constant_of_it_changed(package: Path, module: str):
    before = digest(package)

    (package / module).write_text((package / module).read_text() + "MAX = 4\n")

    assert digest(package) != before


def test_what_is_cached_outlives_a_change_of_what_no_kernel_reads(package: Path):
    before = digest(package)

    (package / "other.py").write_text("MAX = 4\n")

    assert digest(package) == before


def test_only_kernels_have_no_type_hints():
    untyped = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.returns is None
        if "kernel" not in map(ast.unparse, node.decorator_list)
    ]

    assert untyped == []
