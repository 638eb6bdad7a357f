"""``equipoise demo``: the main job on data that need no looking for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.compare import RunDir, run_trial
from equipoise.cli.options import Jobs, Seed
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb

__all__ = ["register"]

# Some of each family, so that it is done within a minute on two cores.
_STRATEGIES = {
    "page-blocks": "weights-balanced,weights-isns,random-over,random-under,downsample-upweight,smote,"
    "tomek,focal,balanced-random-forest,rusboost,self-paced-ensemble"
}

Name = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="page-blocks, which ships with the package, or sms-spam, which is fetched from UCI.",
    ),
]


@verb(resumable=True)
def run_demo(
    screen: Screen,
    name: Name = "page-blocks",
    seed: Seed = 0,
    jobs: Jobs = None,
    run_dir: RunDir = None,
) -> None:
    """Run the main job on real data that ship with the package."""
    from equipoise.data.demo import DEMOS, demo_path

    path = demo_path(name)
    demo = DEMOS[name]
    strategies = _STRATEGIES.get(name, "default")
    folder = run_dir or Path("equipoise-runs") / f"demo-{name}"
    screen.note(demo.about)
    screen.note(f"Source: {demo.source}", style="dim")
    by_hand = f"equipoise compare {path} --target {demo.target}"
    if strategies == "default":
        screen.note(f"The same by hand: {by_hand}", style="dim")
    else:
        screen.note(f"A choice of strategies, to be quick; all of them: {by_hand}", style="dim")
    screen.note()
    run_trial(screen, path, demo.target, folder, strategies=strategies, seed=seed, n_jobs=jobs)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("demo")(run_demo)
