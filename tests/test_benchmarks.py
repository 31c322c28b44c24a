import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import finding, servers
from benchmarks.figures import Bar, Row, Sample, table

MEASURED = {
    "article page, warm, gzip",
    "article page, warm, plain",
    "article page, 304",
    "article page, first read after a decision",
    "submissions, 1 worker",
    "commits of one row, one after the other",
    "decision, nothing else going on",
    "decision, 4 hostile texts in flight",
    "queue page, 400 comments",
    "contribution page, 400 comments",
    "decision, 400 comments",
    "what follows a decision, 400 comments",
    *(f"queue by {what}, 400 comments" for what in finding.LISTS),
    "home page, HTML",
    "article page, HTML",
    "queue page, HTML",
    "article page, CSS and script",
    "article page, gzip",
    "statements of an article page that is not kept",
    *(
        f"memory of a worker, {when}, {kind}"
        for when in ("idle", "after some use", "after reading 1 articles and their lists")
        for kind in ("RSS", "PSS")
    ),
}


def test_a_bar_says_whether_it_is_met_and_by_how_much_it_is_missed() -> None:
    most, least = Bar(1.3, at_least=False), Bar(0.6, at_least=True)
    assert (most.verdict(1.3), most.verdict(1.56)) == ("met", "missed by 20 %")
    assert (least.verdict(0.6), least.verdict(0.3)) == ("met", "missed by 50 %")
    assert least.verdict(0.5999) == "missed by 1 %"


def test_a_ratio_is_taken_round_by_round() -> None:
    ours, theirs = Sample((10.0, 2.0, 6.0), "/s"), Sample((5.0, 2.0, 2.0), "/s")
    row = Row("reading", "SQLite", ours, "nginx", theirs, Bar(2.5, at_least=True))
    assert row.ratios == (2.0, 1.0, 3.0)
    assert row.verdict == "missed by 20 %"


def test_a_table_has_a_line_for_each_row_and_a_cell_for_each_column() -> None:
    alone = Row("memory", "SQLite", Sample((1234.5,), "MB"))
    compared = Row(
        "reading", "", Sample((2.0, 4.0), "ms"), "warm", Sample((1.0, 1.0), "ms"), Bar(40, at_least=False)
    )
    lines = table([alone, compared]).splitlines()
    assert {len(line) for line in lines} == {len(lines[0])}
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[2] == ["memory", "SQLite", "1,234 MB", "", "", "", "", ""]
    assert cells[3] == ["reading", "", "3 ms (2–4)", "warm", "1 ms (1–1)", "3.00 (2–4)", "≤ 40", "met"]


@pytest.mark.skipif(not os.environ.get("TEST_THOROUGH"), reason="takes a minute")
def test_every_benchmark_runs_and_writes_its_rows(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("Before.\n<!-- measured -->\nold\n<!-- /measured -->\nAfter.\n")
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *(
                sys.executable,
                "-m",
                "benchmarks",
                "--size",
                "smoke",
                "--write",
                page,
                "--kept",
                tmp_path / "kept",
            ),
            *("--on", "sqlite"),
        ],
        cwd=servers.ROOT,
        env={**os.environ, "TEST_DATABASE_URL": "", "PYTHONPATH": str(servers.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line
    ]
    assert {row[0] for row in rows[2:]} == MEASURED
    assert all(re.match(r"[\d,.]+", row[2]) for row in rows[2:])
    assert page.read_text().startswith("Before.\n<!-- measured -->\n\n20")
    assert page.read_text().endswith(" |\n\n<!-- /measured -->\nAfter.\n")
    assert "old" not in page.read_text()


@pytest.mark.parametrize("words", [["--size", "huge"], ["guessing"]])
def test_what_cannot_be_measured_is_refused(words: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks", *words],
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words[-1] in done.stderr
