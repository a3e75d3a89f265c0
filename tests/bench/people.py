"""How long a vendor waits for its users to come in and for a directory to go out: an import into an empty directory, the
same file again, an import that is matched with users who are there, and an export of them.
ROLLCALL_BUILD=build/release python3 tests/bench/people.py [people to import] [users of the directory]"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "blackbox"))

from harness.rollcall import Rollcall  # noqa: E402
from harness.vendor import start_import  # noqa: E402
from harness.wait import until  # noqa: E402
from harness.wire import Wire  # noqa: E402
from indexes import fill  # noqa: E402


def csv_of(name, count):
    rows = (f"v{number},{name(number)},{name(number)},Person {number}\n" for number in range(count))
    return ("vendor_user_id,user_name,email,display_name\n" + "".join(rows)).encode()


def import_file(admin, directory, file, what):
    began = time.perf_counter()
    job = start_import(admin, directory, file)
    accepted = time.perf_counter() - began

    def ended():
        return admin.get(job.headers["location"], expect=200)["state"] in ("done", "failed", "cancelled")

    until(ended, seconds=600)
    took = time.perf_counter() - began
    done = admin.get(job.headers["location"], expect=200)
    counts = {name: count for name, count in done["result"].items() if count and isinstance(count, int)}
    print(f"  {what}: {took:.1f} s ({accepted:.1f} s until 202), {done['state']}, {counts}", flush=True)


def export(rollcall, directory, what, options=""):
    wire = Wire(rollcall.admin_url)  # not the client that holds each line against the description
    headers = [("authorization", f"Bearer {rollcall.admin.key}")]
    began = time.perf_counter()
    answer = wire.exchange("GET", f"{directory}/export{options}", headers)
    took = time.perf_counter() - began
    wire.close()
    assert answer.status == 200 and answer.body.splitlines()[-1].startswith(b'{"type":"end"'), "cut"
    lines = answer.body.count(b"\n")
    print(f"  {what}: {took:.1f} s, {lines:,} lines, {len(answer.body) / 1e6:.0f} MB", flush=True)


def main(people, users):
    rollcall = Rollcall(Path(tempfile.mkdtemp()))
    rollcall.start()
    try:
        admin = rollcall.admin
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        empty = f"/v1/directories/{rollcall.new_organization().directory_id}"
        file = csv_of(lambda number: f"p{number:06}@example.com", people)
        import_file(admin, empty, file, f"{people:,} people into an empty directory")
        import_file(admin, empty, file, "the same file again")
        org = rollcall.new_organization()
        directory = f"/v1/directories/{org.directory_id}"
        fill(rollcall, org, users)
        file = csv_of(lambda number: f"u{number:06}@example.com", users)
        import_file(admin, directory, file, f"{users:,} people, matched with the users of a directory")
        export(rollcall, directory, f"export of {users:,} users")
        export(rollcall, directory, "the same, view=profile", "?view=profile")
    finally:
        rollcall.stop()


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:3] or (100000, 40000)))
