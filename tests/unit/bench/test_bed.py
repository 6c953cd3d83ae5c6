import pytest
from benchkit.bed import nothing_done
from benchkit.timing import BenchError, Run


@pytest.mark.parametrize(
    "output",
    [
        "looking at 4 hosts\nnothing to do: 4 hosts, 108 steps in order; Ansible was not started\n",
        "app1 : ok=29 changed=0 unreachable=0\napp2 : ok=29 changed=0 unreachable=0\n",
        "    Operation   Hosts   Success   Error   No Change\n    Grand total   50      -         -       50\n",
    ],
)
def test_a_program_that_says_it_changed_nothing_is_believed(output: str) -> None:
    run = Run(1.0, output=output)
    assert run is nothing_done(run)


@pytest.mark.parametrize(
    "output",
    [
        "app1, app2  kept  24 added\n",
        "app1 : ok=29 changed=0 unreachable=0\napp2 : ok=29 changed=1 unreachable=0\n",
        "    Grand total   50      2         -       48\n",
        "",
    ],
)
def test_a_program_that_changed_something_or_says_nothing_is_not_measured_as_idle(output: str) -> None:
    with pytest.raises(BenchError, match="something was changed"):
        nothing_done(Run(1.0, output=output))
