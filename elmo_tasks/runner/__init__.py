"""Trainings as processes: schedule, resuming, records, statistics."""
