import json
import platform

from data_jobs.bench.machine_facts import load, machine


def test_the_facts_are_json_and_name_all_dependencies_of_the_figures():
    facts = json.loads(json.dumps(machine()))
    assert facts["cores"] >= 1
    assert facts["python"] == platform.python_version()
    assert {"marquee-films", "numpy", "fastapi", "uvicorn", "tantivy"} <= set(facts["packages"])
    assert facts["blas_threads"]


def test_the_load_average_has_three_figures_or_none():
    assert len(load()) in (0, 3)
    assert all(value >= 0 for value in load())
