"""``python -m tests.ops relu max``: every check of these ops (or of all), one line per failure."""

import sys
from importlib.util import find_spec

from tests.ops.checks import CHECKS
from tests.ops.oracle import ORACLE
from tests.ops.specs import SPECS


def main(names: list[str]) -> int:
    checks = {**CHECKS, **(ORACLE if find_spec("torch") else {})}
    failures = count = 0
    for spec in SPECS:
        if names and not {spec.short, spec.name, spec.id} & set(names):
            continue
        for name, check in checks.items():
            count += 1
            try:
                check(spec)
            except Exception as error:
                failures += 1
                text = " ".join(str(error).split())
                print(f"{name}: {text[:400]}")
    print(f"{count - failures} of {count} checks passed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
