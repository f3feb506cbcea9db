"""How long a training of a biLM is."""

from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.pretraining.plan import WINDOW, make_plan, training_config
from elmo_tasks.pretraining.processes import Processes
from elmo_tasks.pretraining.recipes import RECIPES


@given(st.integers(20, 10**9), st.integers(1, 512), st.floats(0.01, 50), st.integers(1, 8), st.integers(1, 2))
def test_plans_read_what_was_asked_for(tokens: int, streams: int, passes: float, processes: int, least: int) -> None:
    plan = make_plan(tokens, streams, passes, processes, least)
    assert plan.epochs >= least
    assert plan.streams % processes == 0
    assert processes <= plan.streams <= max(streams, processes)
    assert plan.batches <= 1000
    # To within the rounding of the batches, and of an epoch's.
    slack = plan.streams * WINDOW * (plan.epochs + 1) / tokens
    assert passes - slack <= plan.passes <= passes + slack


@given(st.integers(20, 10**9), st.floats(0.01, 50), st.floats(0.01, 50))
def test_another_length_is_of_the_same_epochs(tokens: int, passes: float, others: float) -> None:
    plan = make_plan(tokens, 128, passes)
    other = plan.lasting(others)
    assert (other.tokens, other.streams, other.batches) == (plan.tokens, plan.streams, plan.batches)
    assert plan.lasting(plan.passes) == plan
    assert plan.lasting(others, 2).epochs == max(2, other.epochs)
    one = plan.passes / plan.epochs
    assert abs(other.passes - others) <= one / 2 * (1 + 1e-9) or (other.epochs, others < one) == (1, True)


def test_a_machine_keeps_the_checkpoint_that_another_one_may_be_at() -> None:
    plan = make_plan(10_000, 2, 1, processes=2)
    for processes, kept in ((Processes((-1, -1)), 1), (Processes((-1,), 2, 0, "first:1"), 2)):
        config = training_config(RECIPES["tiny"], plan, "text", "heldout", "words", processes=processes)
        assert config["trainer"]["checkpointer"] == {"keep_most_recent_by_count": kept}
