"""The public calls and classes, and where each is defined."""

from .api.analysis import audit as audit
from .api.analysis import claims as claims
from .api.analysis import diff as diff
from .api.analysis import front as front
from .api.checkpoints import import_weights as import_weights
from .api.checkpoints import show_weights as show_weights
from .api.citations import cite as cite
from .api.compare import compare as compare
from .api.datasets import export_data as export_data
from .api.datasets import get_data as get_data
from .api.datasets import prepare_data as prepare_data
from .api.evaluate import evaluate as evaluate
from .api.inventory import doctor as doctor
from .api.inventory import list_all as list_all
from .api.leaderboard import build_leaderboard as build_leaderboard
from .api.leaderboard import make_crops as make_crops
from .api.leaderboard import open_server as open_server
from .api.leaderboard import verify as verify
from .api.protocols import protocol as protocol
from .api.report import report as report
from .api.results import Results as Results
from .api.results import load as load
from .api.run import run as run
from .api.submit import submit as submit
from .api.tables import plot as plot
from .api.tables import table as table
from .api.tensors import method as method
from .api.tensors import metric as metric
from .api.tensors import network as network
from .api.tensors import sample as sample
from .api.train import train as train
from .api.train import train_all as train_all
from .errors import InputError as InputError
from .errors import PdbenchError as PdbenchError
from .harness.method import Method as Method
from .metrics.metric import Metric as Metric

__version__: str
