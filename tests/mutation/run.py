"""Changes the three modules that must not be wrong, one small change at a time, and tells which changes no test notices.

`pip install -r requirements-dev.txt mutmut`, then `python tests/mutation/run.py [--again] [MODULE …]`; `survivors.md` beside it has the figures
and the reasons. `--again` tries only those that survived last time, and those of functions that were changed since.
mutmut makes the changes and tries the tests that reach the changed function. It leaves decorated functions alone, so that a `@cached_property`
is taken off here and put back below its function; and what a cached value hides from its counting is tried once more, with every test of the set.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).parent / "survivors.md"
WORK = ROOT / ".mutation"
LEAST = 0.9
SURVIVED = {0, 5, 33}
"""mutmut's codes for "survived" and "no tests"."""

TESTS: Mapping[str, tuple[str, ...]] = {
    "core/reconcile": (
        "tests/core/test_reconcile.py",
        "tests/core/test_reconcile_journal.py",
        "tests/core/test_states.py",
        "tests/core/test_evidence.py",
        "tests/core/test_merge_classes.py",
    ),
    "lifecycle/relation": ("tests/lifecycle/test_relation.py", "tests/lifecycle/test_meaning.py"),
    "sync/apply": ("tests/sync/test_apply.py", "tests/sync/test_apply_answers.py", "tests/sync/test_apply_holds.py"),
}
"""By module the tests that judge it: the nearest and the quickest ones, so that the figure says what those hold by themselves."""

QUICK = ("-p", "no:faker", "-p", "no:unraisableexception", "-p", "no:cacheprovider")
"""What pytest does without: for each mutant anew it would take longer than the tests."""

Change = tuple[str, str]
"""The lines before and after, without the space around them."""


def explained(text: str) -> dict[str, list[Change]]:
    """The changes that the page explains, by module."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {section.split("\n", 1)[0]: [_change(diff) for diff in re.findall(r"```diff\n(.*?)```", section, re.DOTALL)] for section in sections}


def _change(diff: str) -> Change:
    lines = [line for line in diff.splitlines() if line[:3] not in ("---", "+++")]
    before, after = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return before, after


def undecorated(source: str) -> str:
    """The same module with every `@cached_property` as an assignment below its function."""
    lines = source.splitlines()
    methods = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for method in sorted(methods, key=lambda one: -one.lineno):
        if [ast.unparse(one) for one in method.decorator_list] == ["cached_property"]:
            lines.insert(method.end_lineno or 0, f"{' ' * method.col_offset}{method.name} = cached_property({method.name})")
            del lines[method.lineno - 2]
    return "\n".join(lines) + "\n"


def prepare(module: str, *, again: bool) -> Path:
    """A copy to work in, set up for one module: a fresh one, or that of last time with its results."""
    folder = WORK / module.replace("/", ".")
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("src", "plugins", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / f"src/leadhub/{module}.py"
    path.write_text(undecorated(path.read_text()))
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/leadhub/{module}.py"],
        "also_copy": ["plugins"],
        "pytest_add_cli_args": QUICK,
        "pytest_add_cli_args_test_selection": TESTS[module],
        "process_isolation": ["forkserver"],  # the main process must not fill caches that a changed function would have filled
        "use_git_change_detection": ["false"],
    }
    lines = [f"{name}=\n" + "\n".join(f"    {one}" for one in value) if len(value) > 1 else f"{name}={value[0]}" for name, value in settings.items()]
    (folder / "setup.cfg").write_text("\n".join(["[mutmut]", *lines, ""]))
    return folder


def mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut in a copy."""
    path = os.pathsep.join(str(plugin / "src") for plugin in sorted((ROOT / "plugins").iterdir()))
    command = [sys.executable, "-W", "ignore", "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mutmut {arguments[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def outcomes(folder: Path, module: str) -> dict[str, int]:
    """What became of each mutant, in mutmut's codes."""
    found: dict[str, int] = json.loads((folder / f"mutants/src/leadhub/{module}.py.meta").read_text())["exit_code_by_key"]
    return found


def survivors(codes: Mapping[str, int]) -> list[str]:
    """The mutants that no test noticed."""
    return [name for name, code in codes.items() if code in SURVIVED]


def try_all_tests(folder: Path, names: Iterable[str]) -> None:
    """Try survivors again with every test: one that found a value in a cache was not counted among those that reach the function."""
    path = folder / "mutants/mutmut-stats.json"
    stats = json.loads(path.read_text())
    everything = list(stats["duration_by_test"])
    for name in names:
        stats["tests_by_mangled_function_name"][name.rpartition("__mutmut_")[0]] = everything
    path.write_text(json.dumps(stats))
    mutmut(folder, "run", "--max-children", "2", *names)


def examine(module: str, *, again: bool) -> bool:
    """Try all changes of one module and print what came of it; return whether it is as it should be."""
    folder = prepare(module, again=again)
    mutmut(folder, "run", "--max-children", "2")
    if first := survivors(outcomes(folder, module)):
        try_all_tests(folder, first)
    codes = outcomes(folder, module)
    known = explained(SURVIVORS.read_text()).get(module, []) if SURVIVORS.exists() else set()
    left = {name: mutmut(folder, "show", name) for name in survivors(codes)}
    new = [text for text in left.values() if _change(text.split("@@", 2)[-1]) not in known]
    share = 1 - len(left) / len(codes)
    told = f"{module}: {len(codes)} mutants, {len(codes) - len(left)} killed ({share:.1%}), {len(left)} survived, {len(new)} of them unexplained"
    print("\n".join([told, *new]), flush=True)  # noqa: T201 - a script, run by hand
    return share >= LEAST and not new


if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if name != "--again"]
    results = [examine(module, again="--again" in sys.argv) for module in asked or TESTS]
    sys.exit(0 if all(results) else 1)
