"""After warming up, a game compiles nothing more."""

from __future__ import annotations

from workbench.rewards.game import (
    Behaviour,
    Game,
    RepeatedGame,
    Rules,
    best_response,
    draw_players,
    is_nash,
)
from workbench.rewards.game.warm import warm


def test_warming_up_leaves_nothing_to_compile() -> None:
    from workbench.rewards.game import (
        kernels,
        kernels_delegation,
        kernels_rounds,
        kernels_search,
    )

    def compiled() -> dict[str, int]:
        return {
            f"{module.__name__}.{name}": len(value.signatures)
            for module in (kernels, kernels_delegation, kernels_rounds, kernels_search)
            for name, value in vars(module).items()
            if hasattr(value, "signatures")
        }

    assert warm() > 0
    before = compiled()
    assert before
    game = Game(draw_players(30, 2), Rules(k=3, alpha=0, saturation=False, reward_pot=2))
    played = RepeatedGame(game, Behaviour(noise=0.1, rationality=5, myopic=0.5, inertia=1))
    played.run(3)
    is_nash(played.state, view="myopic", margins=[0, 1], players=[1, 2])
    best_response(played.state, 3, pledges=1)
    assert compiled() == before
