"""What can go wrong before anything is run."""


class ReproductionError(ValueError):
    """What is asked for is not there, or cannot be done."""
