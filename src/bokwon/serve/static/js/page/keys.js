// The keys of the page view. They go by the place on the keyboard, so that they work while Hangul is typed.

import { goOn, judge as judgeRegion } from "./judge.js";
import { bind, hold } from "../keys.js";
import { decide, run, takeBack } from "./work.js";

export function pageKeys(view, signal) {
  const { tools, compare, viewer } = view;
  const judge = (decision) => () => {
    const region = view.selected ?? view.order()[0];
    if (region) judgeRegion(view, region, decision, true);
  };
  bind(
    {
      KeyA: () => decide(view, "approve"),
      KeyX: () => decide(view, "reject"),
      KeyU: () => decide(view, "undamaged"),
      KeyJ: () => view.move(1),
      KeyK: () => view.move(-1),
      KeyY: judge("accepted"),
      KeyN: judge("rejected"),
      KeyG: () => goOn(view),
      KeyV: () => tools.choose("hand"),
      KeyH: () => tools.choose("hand"),
      KeyB: () => tools.choose("brush"),
      KeyE: () => tools.choose("eraser"),
      KeyL: () => tools.choose("lasso"),
      KeyW: () => tools.choose("wand"),
      BracketLeft: () => tools.step(-1),
      BracketRight: () => tools.step(1),
      "$mod+KeyZ": () => view.undo(),
      "$mod+Shift+KeyZ": () => view.redo(),
      "$mod+KeyY": () => view.redo(),
      KeyF: () => view.folder.detector && run(view, "detect"),
      KeyR: () => view.restore(),
      "Shift+KeyR": () => takeBack(view),
      KeyC: () => compare.set(compare.mode === "slider" ? "restored" : "slider"),
      KeyS: () => compare.set(compare.mode === "side" ? "restored" : "side"),
      KeyM: () => view.showMask(!view.overlay.visible),
      KeyI: () => view.page.evidence && compare.setEvidence(!compare.evidence),
      Digit0: () => viewer.pixels(0),
      Digit1: () => viewer.pixels(1),
      Digit3: () => viewer.pixels(3),
      Equal: () => viewer.zoomBy(1.4),
      Minus: () => viewer.zoomBy(1 / 1.4),
      Escape: () => {
        if (tools.dropShape()) return;
        if (view.selected) view.select(null);
        else view.host.leave();
      },
    },
    signal,
  );
  hold("KeyO", (held) => compare.hold(held), signal);
}
