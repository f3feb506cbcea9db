"""Runs that have ended."""

from finished_runs import finish as finish
from finished_runs import make_run as make_run
from finished_runs import make_run_in as make_run_in
