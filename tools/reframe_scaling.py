"""A ReFrame test of how foehn sample scales: runs tools/scaling_study in a job and checks the efficiencies that it finds.

reframe -C SITE.py -c tools/reframe_scaling.py -S prior=/path/to/prior -S ranks='1 2 4 8' -r

FOEHN_ROOT is the source tree, or share/foehn of an installation; by default the tree that this file is in. Sites set
num_tasks_per_node, num_cpus_per_task and references by -S, or in a class that derives from this one."""

import json
import os
from pathlib import Path

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.backends import getlauncher
from reframe.core.builtins import run_after, run_before, sanity_function, variable


@rfm.simple_test
class FoehnScaling(rfm.RunOnlyRegressionTest):
    descr = "strong, weak and throughput scaling of foehn sample"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    maintainers = ["foehn"]
    root = variable(str, value=os.environ.get("FOEHN_ROOT", str(Path(__file__).resolve().parent.parent)))
    prior = variable(str, value="")  # by default the prior that comes with foehn
    ranks = variable(str, value="1 2 4")
    study_options = variable(str, value="")  # more options of tools/scaling_study
    least_efficiency = variable(float, value=0.7)  # on most ranks, in every study

    @run_after("init")
    def describe_run(self):
        root = Path(self.root)
        self.num_tasks = max(map(int, self.ranks.split()))
        self.prerun_cmds = [f"source {root}/launch/env.sh"]
        self.executable = str(root / "tools" / "scaling_study")
        prior = self.prior or str(root / "configs" / "era5_uk_prior")
        self.executable_opts = ["--prior", prior, "--output", "study", "--ranks", self.ranks, self.study_options]
        self.keep_files = ["study/results.json", "study/results.csv"]

    @run_before("run")
    def start_alone(self):
        self.job.launcher = getlauncher("local")()  # scaling_study starts the ranks: by srun in a job of Slurm, else by mpirun

    @run_before("performance")
    def read_results(self):
        summary = json.loads((Path(self.stagedir) / "study" / "results.json").read_text())["summary"]
        self.perf_variables = {}
        for study in sorted({case["study"] for case in summary}):
            largest = max((case for case in summary if case["study"] == study), key=lambda case: case["ranks"])
            for name, unit in (("efficiency", "1"), ("simulated_years_per_day", "1/d")):
                self.perf_variables[f"{study}_{name}"] = sn.make_performance_function(sn.defer(largest[name]), unit)
        self.reference = {"*": {name: (self.least_efficiency, 0, None, "1")
                                for name in self.perf_variables if name.endswith("_efficiency")}}

    @sanity_function
    def every_case_was_measured(self):
        results = json.loads((Path(self.stagedir) / "study" / "results.json").read_text())
        return sn.assert_true(all(len(case["measurements"]) > 1 for case in results["cases"]))
