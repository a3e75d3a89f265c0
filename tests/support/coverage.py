"""Was every operation of docs/admin-api/openapi.json exercised, with a success?

    tests/support/coverage.py DIRECTORY

DIRECTORY has what the workers of the black-box tests noted (tests/blackbox/harness/contract.py): lines of operation and
status. Names the operations that no request of the whole suite did."""

import json
import sys
from collections import defaultdict
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "admin-api" / "openapi.json"


def operations():
    paths = json.loads(DOCUMENT.read_text())["paths"]
    return [operation["operationId"] for methods in paths.values() for operation in methods.values()]


def seen(directory):
    statuses = defaultdict(set)
    for file in Path(directory).glob("*.seen"):
        for line in file.read_text().splitlines():
            name, status = line.split()
            statuses[name].add(int(status))
    return statuses


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    statuses = seen(sys.argv[1])
    missing = [name for name in operations() if not any(200 <= status < 300 for status in statuses[name])]
    for name in missing:
        print(f"{name} was never exercised with a success (seen: {sorted(statuses[name]) or 'nothing'})")
    if missing:
        sys.exit(1)
    print(f"all {len(operations())} operations of the admin API were exercised")


if __name__ == "__main__":
    main()
