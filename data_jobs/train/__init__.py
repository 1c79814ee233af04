"""Train the tables to serve from people's events and the films' tags. Closed form, no epochs.

The same data and parameters give the same bytes, for one number of BLAS threads (OPENBLAS_NUM_THREADS; 1 is best on
shared cores).
"""

from data_jobs.train.ease import TrainingError
from data_jobs.train.model import TrainedModel, train
from data_jobs.train.params import TrainParams

__all__ = ["TrainParams", "TrainedModel", "TrainingError", "train"]
