"""The game of pools in the hand: one player, one round, or fifty rounds at a time."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import LessonError
from workbench.panels.asking import AskingPanel
from workbench.panels.controls import style
from workbench.panels.game_state import Setup, situation, start_of, turned
from workbench.panels.game_view import Past, check_words, deviation_words, shown_pools, view
from workbench.panels.saturation_state import InputError
from workbench.rewards.game import Move, RepeatedGame, State, best_response, is_nash
from workbench.rewards.game.warm import warm
from workbench.teaching import Prediction

ROUNDS = 50
_OPEN_WHILE_SEALED = ("best", "play", "one", "choose", "presenter", "undo")
_GETTING_READY = (
    "Getting the game ready. The first time on a machine this takes up to a minute: it is compiled."
)


@dataclass(frozen=True, eq=False)
class Moment:
    """All that an undo brings back."""

    setup: Setup
    played: RepeatedGame
    past: Past
    note: tuple[str, ...] = ()
    chosen: int = -1
    proposal: Move | None = None


class GamePanel(AskingPanel[Moment | None]):
    """The panel; use :func:`game_panel` to make one."""

    scripts = ("saturation_panel.js",)
    _css = style("saturation_panel.css")

    def __init__(self, setup: Setup, ask: Prediction | None = None, presenter: bool = False):
        self._setup = setup
        self._presenter = presenter
        super().__init__(None, ask)

    @property
    def moment(self) -> Moment:
        """What stands in the panel."""
        if self._state is None:  # numba loads and perhaps compiles here, not on making the panel
            warm()  # all of it, so that no button waits for a compiler later
            self._state = _begin(self._setup)
        return self._state

    @property
    def state(self) -> State:  # type: ignore[override]
        """The pools of this moment, as a frozen value."""
        return self.moment.played.state

    def _received(self, content: Any, buffers: Any) -> None:
        if isinstance(content, Mapping) and self._state is None:
            self.send({"busy": _GETTING_READY})
            _ = self.moment
        super()._received(content, buffers)

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        if action.get("name") not in _OPEN_WHILE_SEALED:
            raise LessonError("First lock in your guess; then let all of them play.")

    def _fresh(self, state: Moment | None) -> Moment:
        return _begin(self._setup)

    def _act(self, state: Moment | None, action: Mapping[str, Any]) -> Moment:
        if action.get("name") == "presenter":
            self._presenter = not self._presenter
            return self.moment
        return _act(self.moment, action)

    def _looks(self, before: Moment | None, after: Moment | None) -> bool:
        return before is None or (after is not None and before.played is after.played)

    def _view(self, state: Moment | None, is_sealed: bool) -> dict[str, Any]:
        now = self.moment
        pools = now.played.state
        return view(
            now.setup, pools, now.past, is_nash(pools), note=now.note, chosen=now.chosen,
            proposal=now.proposal, sealed=is_sealed, presenter=self._presenter,
        )  # fmt: skip


def _begin(setup: Setup) -> Moment:
    played = RepeatedGame(setup.game, setup.behaviour, setup.seed, start=start_of(setup.seed))
    told = played.history
    return Moment(
        setup, played, Past((0,), (int(told.pools[0]),), (int(told.nakamoto[0]),)),
        note=(
            "Everybody stands where the theory says that nobody gains by moving, if the pledge "
            "counts and stake saturates. Now let them play.",
        ),
    )  # fmt: skip


def _act(now: Moment, action: Mapping[str, Any]) -> Moment:
    name = action.get("name")
    if name == "seed":
        return _begin(situation(now.setup.preset, secrets.randbelow(10_000)))
    if name == "preset":
        return _begin(situation(action.get("key"), now.setup.seed))
    if name == "set":
        setup = turned(now.setup, action)
        return replace(now, setup=setup, played=_resumed(setup, now.played.state), proposal=None)
    if name == "best":
        check = is_nash(now.played.state)
        chosen = -1 if check.deviation is None else check.deviation.player
        return replace(now, note=check_words(check), proposal=check.deviation, chosen=chosen)
    if name == "choose":
        return _asked(now, action.get("bar"))
    if name == "play":
        return _played(now)
    if name in ("one", "all", "run"):
        return _stepped(now, str(name))
    raise InputError("", f"The panel knows no action {name!r:.40}.")


def _asked(now: Moment, bar: Any) -> Moment:
    """The best that the operator of a bar could do."""
    state = now.played.state
    shown = shown_pools(state)
    if type(bar) is not int or not 0 <= bar < len(shown):
        raise InputError("", "Choose one of the pools drawn.")
    player = int(state.pool_owners[shown[bar]])
    move = best_response(state, player)
    proposal = None if move.kind == "stay" else move
    return replace(now, note=deviation_words(move), proposal=proposal, chosen=player)


def _played(now: Moment) -> Moment:
    if now.proposal is None:
        raise InputError("", "First look for a deviation: then it can be played.")
    move = now.proposal
    return replace(
        now, played=_resumed(now.setup, move.after), proposal=None, chosen=move.player,
        note=(f"Player {move.player} has moved, by your hand. The others have not answered yet.",),
    )  # fmt: skip


def _stepped(now: Moment, name: str) -> Moment:
    played = copy.deepcopy(now.played)
    before = played.rounds
    chosen = -1
    if name == "one":
        step = played.step_one()
        chosen = step.player
        if step.player < 0:
            note = ("Nobody looks around in this round.",)
        elif step.has_moved:
            note = (f"Player {step.player} looks around and moves.",)
        else:
            note = (f"Player {step.player} looks around and stays.",)
    elif name == "all":
        moves = played.step_all()
        note = (f"{moves} of {played.game.players.count} players moved in this round.",)
    else:
        # A settled game goes on at once if a knob is turned; until then nothing happens.
        played.run(ROUNDS)
        rounds = played.rounds - before
        settled = type(played.outcome).__name__ == "Converged"
        note = (
            "Nobody moves any more: the game has settled."
            if settled
            else f"{rounds} rounds were played, and the players still move.",
        )
    told = played.history
    more = range(before + 1, played.rounds + 1)
    start = now.past.rounds[-1]
    past = Past(
        (*now.past.rounds, *(start + i - before for i in more)),
        (*now.past.pools, *(int(told.pools[i]) for i in more)),
        (*now.past.nakamoto, *(int(told.nakamoto[i]) for i in more)),
    )
    return replace(now, played=played, past=past, note=note, chosen=chosen, proposal=None)


def _resumed(setup: Setup, state: State) -> RepeatedGame:
    """The game goes on from this state under these knobs."""
    return RepeatedGame(setup.game, setup.behaviour, setup.seed, start=state)


def game_panel(
    preset: str = "awake",
    *,
    ask: Prediction | None = None,
    seed: int = 9,
    presenter: bool = False,
) -> GamePanel:
    """Sixty stakeholders, ten places, and rules that each of them looks at for itself.

    Parameters
    ----------
    preset : str
        The situation: "awake", "sleepy", "dice", "sybil" or "nosat".
    ask : Prediction, optional
        A guess to be locked in before rounds can be played.
    seed : int
        The same seed draws the same players and plays the same story.
    presenter : bool
        Large type and thick lines, for a room.

    Returns
    -------
    GamePanel
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        No such situation, or no such seed.
    """
    return GamePanel(situation(preset, seed), ask, bool(presenter))
