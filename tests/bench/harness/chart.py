# SPDX-License-Identifier: MIT
"""The chart in the README, from a CSV of the bench: `chart.py CSV SVG`. Drawn by matplotlib, and run by whichever Python has it."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from harness.contenders import FLOORS, OURS, PEERS  # noqa: E402
from harness.results import Results  # noqa: E402

PANELS = [
    ("keepalive-100", "cpu_us", "CPU µs per request\nkeep-alive, 100 connections"),
    ("pipelined", "cpu_us", "CPU µs per request\n16 pipelined, 64 connections"),
    ("close", "cpu_us", "CPU µs per request\nConnection: close"),
    ("idle-memory", "connection_bytes", "bytes per idle connection\n(Pss growth)"),
]
COLOURS = {**{name: "#1f77b4" for name in OURS}, **{name: "#9a9a9a" for name in FLOORS}, **{name: "#d0a060" for name in PEERS}}


def draw(results: Results, svg: Path) -> None:
    # Fixed names and no date: the same numbers give the same file.
    plt.rcParams.update({"svg.hashsalt": "tinyhttpd", "svg.fonttype": "path", "font.size": 9, "axes.spines.top": False,
                         "axes.spines.right": False})
    figure, axes = plt.subplots(2, 2, figsize=(9.2, 6.4), layout="constrained")
    for axis, (row, metric, title) in zip(axes.flat, PANELS):
        names = [name for name in (*OURS, *FLOORS, *PEERS) if results.median(row, name, metric) is not None][::-1]
        spreads = [results.spread(row, name, metric) for name in names]
        bars = axis.barh(names, [spread.median for spread in spreads], color=[COLOURS[name] for name in names], height=0.72)
        largest = max((spread.high for spread in spreads), default=1)
        if metric == "cpu_us":
            axis.errorbar([spread.median for spread in spreads], names, fmt="none", ecolor="#333333", elinewidth=0.8, capsize=2,
                          xerr=[[spread.median - spread.low for spread in spreads], [spread.high - spread.median for spread in spreads]])
        for bar, spread in zip(bars, spreads):
            label = f"{spread.median:,.0f}" if spread.median >= 100 else f"{spread.median:.3g}"
            edge = spread.high if metric == "cpu_us" else spread.median
            axis.text(edge + largest * 0.015, bar.get_y() + bar.get_height() / 2, label, va="center", fontsize=8)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_xlim(0, largest * 1.18)
        axis.tick_params(axis="y", length=0)
    figure.suptitle("Less is better. Medians with minimum and maximum of interleaved rounds, one run of ./dev bench", fontsize=9)
    svg.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(svg, metadata={"Date": None})
    # matplotlib ends lines of path data with a blank.
    svg.write_text("\n".join(line.rstrip() for line in svg.read_text().splitlines()) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: chart.py CSV SVG")
    draw(Results.read(Path(sys.argv[1])), Path(sys.argv[2]))
