"""Versions to install, one `name==version` a line, as pip takes them with -c.

python .ci/versions.py lowest        of every `name>=version` in pyproject.toml, that version
python .ci/versions.py lock REPORT   what pip resolved, from the report of its dry run
"""

import json
import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
BOUND = re.compile(r"([\w-]+)(?:\[[\w,]+\])?>=([\w.]+)")
LOCKED = "# The versions that CI installs (-c requirements.lock). Written by make lock."


def bounds(*extras: str) -> dict[str, str]:
    """The lowest version that pyproject.toml names, of each dependency and those of ``extras``."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    for asked in [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]:
        bound = BOUND.fullmatch(asked)
        if bound is None or found.setdefault(bound[1], bound[2]) != bound[2]:
            raise SystemExit(
                f"pyproject.toml: {asked!r} is no name>=version, or another than before"
            )
    return found


def resolved(report: Path) -> dict[str, str]:
    """The version of each package that pip would install, without the project itself."""
    items = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = [item["metadata"] for item in items if "dir_info" not in item["download_info"]]
    return {item["name"].lower().replace("_", "-"): item["version"] for item in found}


def main(command: str, *rest: str) -> None:
    """Print what ``command`` asks for."""
    lowest = command == "lowest"
    found = bounds("test") if lowest else resolved(Path(rest[0]))
    print(*([] if lowest else [LOCKED]), *(f"{k}=={v}" for k, v in sorted(found.items())), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
