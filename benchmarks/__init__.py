"""
Speed and memory of this project's ELMo beside stock AllenNLP's, in one process on the same inputs.

    python -m benchmarks
"""
