"""Which steps each policy asks of a host, and when their digest changes."""

from opspact.compile.policy_steps import PolicySteps, steps_by_policy
from opspact.compile.shape import Work
from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.steps.base import Step
from opspact.steps.package import Package


def package(name: str, *policies: str, line: int = 1) -> Step:
    return Package(name=name, origins=tuple(Origin(policy, Place("policies/a.yaml", line)) for policy in policies))


def of(*steps: Step) -> dict[str, PolicySteps]:
    work = Work(steps)
    return dict(steps_by_policy([work])[id(work)])


def test_a_step_that_two_policies_ask_for_is_in_both() -> None:
    found = of(package("nginx", "service/web", "service/oa"), package("vim", "service/web"))

    assert {name: each.identities for name, each in found.items()} == {
        "service/oa": ("package nginx",),
        "service/web": ("package nginx", "package vim"),
    }


def test_the_digest_is_that_of_what_the_steps_want_and_not_of_where_it_is_written() -> None:
    first = of(package("nginx", "service/web"))["service/web"].digest

    assert first == of(package("nginx", "service/web", line=9))["service/web"].digest
    assert first == of(package("nginx", "service/web"), package("vim", "service/oa"))["service/web"].digest
    assert first != of(package("vim", "service/web"))["service/web"].digest
    assert first != of(package("nginx", "service/web"), package("vim", "service/web"))["service/web"].digest


def test_hosts_that_share_their_work_share_the_answer() -> None:
    work, other = Work((package("nginx", "service/web"),)), Work()

    found = steps_by_policy([work, work, other])

    assert found.keys() == {id(work), id(other)}
    assert found[id(other)] == {}
