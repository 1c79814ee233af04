"""Training: from people's events and the films' tags to the tables that are served. Closed form, no epochs.

Same data and parameters, same bytes, for one number of BLAS threads (OPENBLAS_NUM_THREADS; 1 is best where cores
are shared).
"""

from data_jobs.train.ease import TrainingError
from data_jobs.train.model import TrainedModel, train
from data_jobs.train.params import TrainParams

__all__ = ["TrainParams", "TrainedModel", "TrainingError", "train"]
