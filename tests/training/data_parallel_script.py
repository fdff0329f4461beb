"""What each rank runs under mpiexec, for test_data_parallel.py: train, and write what came out."""

import json
import sys
from pathlib import Path

from mpi4py import MPI
from test_data_parallel import train

losses, weights = train(MPI.COMM_WORLD)
content = {
    "size": MPI.COMM_WORLD.Get_size(),
    "losses": losses,
    "weights": [weight.tolist() for weight in weights],
}
Path(sys.argv[1], f"{MPI.COMM_WORLD.Get_rank()}.json").write_text(json.dumps(content))
