"""Imports of the sandbox: none of the packages that it tests."""

import ast
from pathlib import Path

import freshchat_sandbox

ROOT = Path(freshchat_sandbox.__file__).parent


def imported_packages(module):
    """The top-level names of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import"
            yield node.module.partition(".")[0]


def test_the_sandbox_imports_nothing_of_the_tap_or_the_target():
    modules = sorted(ROOT.rglob("*.py"))
    assert len(modules) > 1
    packages = {name for module in modules for name in imported_packages(module)}
    assert "freshchat_sandbox" in packages
    assert not packages & {"tap_freshchat", "target_segment", "singer_sdk"}
