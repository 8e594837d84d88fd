"""How many law checks the presets take, and how long (CPU seconds, so that a busy machine does not blur it): `python benchmarks/laws.py` from the root of the project."""

import time
import tomllib
from pathlib import Path

from leadhub.lifecycle.laws import check
from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.relation import Relation

ROOT = Path(__file__).parents[1]
FOLDERS = [
    ROOT / "src/leadhub/lifecycle/presets",
    ROOT / "plugins/leadhub-salesforce/src/leadhub_salesforce/presets",
    ROOT / "plugins/leadhub-hubspot/src/leadhub_hubspot/presets",
]
USED_TOGETHER = [
    ["hubspot-contact", "salesforce-lead"],
    ["hubspot-contact", "salesforce-lead", "salesforce-opportunity"],
    ["hubspot-contact", "hubspot-deal", "salesforce-lead-five", "salesforce-opportunity", "lead-prospect-customer"],
]


def load() -> dict[str, Relation]:
    """Every preset, its question answered."""
    found = {}
    for path in sorted(path for folder in FOLDERS for path in folder.glob("*.toml")):
        text = path.read_text()
        answers = {"Status": {"Closed - Not Converted": "not for us"}} if path.stem == "salesforce-lead" else {}
        found[path.stem] = load_relation(tomllib.loads(text), source=path.name, line_of=line_finder(text), answers=answers)
    return found


def main() -> None:
    """Print one line for each set of presets."""
    started = time.process_time()
    presets = load()
    print(f"{len(presets)} presets loaded and checked (M01 to M07) in {time.process_time() - started:.2f} s CPU")
    sets = [(" + ".join(names), [presets[name] for name in names]) for names in USED_TOGETHER]
    for title, relations in sets:
        started = time.process_time()
        report = check(relations)
        print(f"{title}: {report.checks:,} checks, {len(report.failures)} failures, {time.process_time() - started:.2f} s CPU")
    started = time.process_time()
    alone = [check([relation]) for relation in presets.values()]
    print(
        f"each preset alone, R1 to R8: {sum(r.checks for r in alone):,} checks, {sum(len(r.failures) for r in alone)} failures, {time.process_time() - started:.2f} s CPU"
    )


if __name__ == "__main__":
    main()
