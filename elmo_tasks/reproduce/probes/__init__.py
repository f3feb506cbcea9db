"""
The paper's tables 5 and 6, which train no task's model: what a run of them is, and what is known about their data.

A run computes the layers of all sentences once, and gives figures of all layers.
"""
