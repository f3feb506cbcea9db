"""Runs that have ended, and a tiny transformer."""

from tiny_transformers import bert as bert

from finished_runs import finish as finish
from finished_runs import make_run as make_run
from finished_runs import make_run_in as make_run_in
