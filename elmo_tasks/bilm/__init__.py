"""The bidirectional language model: torch, numpy and h5py only."""
