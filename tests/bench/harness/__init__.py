# SPDX-License-Identifier: MIT
"""What tests/bench/run and tests/bench/gate are made of: servers that can be started, measures, rows, tables. Standard library only."""
