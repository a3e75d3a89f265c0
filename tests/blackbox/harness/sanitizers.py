"""Sanitizers write into files; a file that is not empty fails the run."""

from pathlib import Path


def environment(directory):
    """Variables that make a sanitizer build stop at its first report and write it below `directory`."""
    log = f"log_path={Path(directory) / 'sanitizer'}"
    suppressions = Path(__file__).with_name("leaks.supp")
    return {
        "ASAN_OPTIONS": f"{log}:abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
        "LSAN_OPTIONS": f"{log}:suppressions={suppressions}:print_suppressions=0",
        "UBSAN_OPTIONS": f"{log}:print_stacktrace=1:abort_on_error=1:halt_on_error=1",
        "TSAN_OPTIONS": f"{log}:halt_on_error=1:second_deadlock_stack=1",
    }


def reports(directory):
    """What the sanitizers wrote, by file name."""
    files = sorted(Path(directory).glob("sanitizer*"))
    return {file.name: file.read_text(errors="replace") for file in files if file.stat().st_size}
