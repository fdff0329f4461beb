"""``python -m tinygrad_edu.gradcheck``: the same as the command ``tinygrad-edu check``."""

import runpy
import sys

if __name__ == "__main__":
    # By name: the command line is made of this package, which so need not know of it.
    sys.argv.insert(1, "check")
    runpy.run_module("tinygrad_edu", run_name="__main__", alter_sys=True)
