"""A task outside the project, as small as a task can be: is a sentence about food?"""

from elmo_tasks.tasks import TASKS
from toy import model, reader

__all__ = ["model", "reader"]

# The one line.
TASKS.append(__name__)
