"""Rules for the tests: no patches or mocks, assertions of presence, short names, helpers in helper modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.absences import asserts_only_absences
from tests.house.sources import Function, Source, python_files

OURS = ("oscar_mpesa", "sandbox_site", "tests")
PATCHES = {"setattr", "setitem", "delattr", "delitem"}

#: Patches of other packages that no setting, row or argument can replace, with the reason.
ALLOWED = {
    "tests/checkout/conftest.py: connection.settings_dict['ATOMIC_REQUESTS']": "Django reads DATABASES once",
    "tests/checkout/served_checkout.py: oscar.apps.basket.middleware.selector": "Oscar loads its classes once",
    "tests/checkout/served_checkout.py: oscar.apps.checkout.mixins.OrderCreator": "Oscar loads its classes once",
    "tests/checkout/served_checkout.py: oscar.apps.checkout.session.CheckoutSessionData": "Oscar loads classes once",
    "tests/clocks.py: time.time": "Django's signer reads the clock itself",
    "tests/dashboard/money/test_export_xlsx.py: sys.modules['openpyxl']": "an extra is installed, or it is not",
    "tests/clocks.py: django.utils.timezone.now": "pages and the log of calls read the clock",
    "tests/daraja/test_transport.py: socket.getaddrinfo": "the resolver is behind the transport",
    "tests/journeys/test_clicks.py: connection.settings_dict['ATOMIC_REQUESTS']": "Django reads DATABASES once",
    "tests/oscar_apps.py: apps.app_configs[config.label]": "Django builds its registry of apps once",
    "tests/pipelines.py: order.pipeline": "Oscar reads its order pipeline once, as its model is defined",
    "tests/services/ledger_machine/machine.py: django.utils.timezone.now": "our receivers read the clock",
    "tests/sandbox/page_reader.py: trans_real.translation(language)._fallback": "Django offers no end to its catalogs",
}

#: These counts may only go down. Lower them whenever you can.
MOST_ABSENCES, MOST_LONG_NAMES = 54, 0

LONGEST_NAME = 12


def test_no_test_patches_our_code() -> None:
    patched = {f"{source.path}: {target}" for source in python_files() for target in _patches(source)}

    assert patched == set(ALLOWED)


def test_no_test_imports_a_mock_library() -> None:
    imported = [name for source in python_files("tests") for name in source.imports()]

    assert "pytest.MonkeyPatch" not in imported and "pytest" in imported
    assert [name for name in imported if {"mock", "pytest_mock"} & set(name.split("."))] == []


def test_no_test_assigns_to_our_modules_or_classes() -> None:
    assigned = [f"{source.path}: {target}" for source in python_files("tests") for target in _assignments(source)]

    assert assigned == []


def test_helpers_are_not_imported_from_test_modules() -> None:
    imported = {name for source in python_files("tests") for name in source.imports() if name.startswith("tests.")}
    from_tests = [name for name in imported if any(part.startswith("test_") for part in name.split(".")[1:-1])]

    assert "tests.shop.new_payment" in imported
    assert from_tests == []


def test_fewer_tests_assert_absences_alone() -> None:
    # The house tests scan files and normally find nothing.
    elsewhere = [(source, test) for source, test in _tests() if "house" not in source.path.parts]
    found = [f"{source.path}: {test.name}" for source, test in elsewhere if asserts_only_absences(test)]

    assert len(found) <= MOST_ABSENCES, "\n".join(found)


def test_fewer_test_names_are_longer_than_twelve_words() -> None:
    names = [test.name for _, test in _tests()]
    long = [name for name in names if len(name.removeprefix("test_").split("_")) > LONGEST_NAME]

    assert len(names) > 1_000
    assert len(long) <= MOST_LONG_NAMES, "Give new tests names of at most twelve words."


def _tests() -> Iterator[tuple[Source, Function]]:
    for source in python_files("tests"):
        yield from ((source, function) for function in source.functions() if function.name.startswith("test_"))


def _patches(source: Source) -> Iterator[str]:
    """Return the target of every monkeypatch call, as source code."""
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in PATCHES:
            yield _target(call)


def _target(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    target, name = call.args[0], call.args[1]
    if isinstance(target, ast.Constant):
        return str(target.value)
    if "item" in call.func.attr:
        return f"{ast.unparse(target)}[{ast.unparse(name)}]"
    return f"{ast.unparse(target)}.{ast.literal_eval(name)}"


def _assignments(source: Source) -> Iterator[str]:
    """Return assigned or deleted attributes of imports from our own code."""
    ours = {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in OURS
        for alias in node.names
    }
    ours -= {node.arg for node in ast.walk(source.tree) if isinstance(node, ast.arg)}  # a fixture's value
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
            continue
        if ast.unparse(node.value) in ours:
            yield ast.unparse(node)
