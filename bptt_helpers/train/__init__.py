"""Training that really trains: a task, a model, an optimiser, and a loop to be stopped and gone on with.

    training = train.Training(tasks.adding(50), train.model("lstm", D=2, H=32, C=1))
    history = training.run(1000)

models      model, Model, NETWORKS: what can be trained
writing     sample: a model of characters writes
training    Training, History: the loop; smoothed; is_quick: whether the tests run it
checkpoint  save, load: a training in a file

Not here: the tasks (tasks), one step of an optimiser and clipping (optimisers).
"""

from bptt_helpers.train.checkpoint import load, save
from bptt_helpers.train.models import NETWORKS, Model, last_states, mean_loss, model, run, zeros
from bptt_helpers.train.training import RULES, History, State, Training, is_quick, smoothed
from bptt_helpers.train.writing import draw, one_step, sample

__all__ = [
    "NETWORKS",
    "RULES",
    "History",
    "Model",
    "State",
    "Training",
    "draw",
    "is_quick",
    "last_states",
    "load",
    "mean_loss",
    "model",
    "one_step",
    "run",
    "sample",
    "save",
    "smoothed",
    "zeros",
]
