// Says that a layer of the page is on its way, on the screen and to screen readers.

import { announce, h, twoFrames } from "../dom.js";
import { t } from "../i18n.js";

export class Loading {
  constructor(frame) {
    this.element = h("p", { class: "loading", "aria-hidden": "true", hidden: true });
    frame.append(this.element);
  }

  /** Show the sign until a layer is drawn for the present view; a layer that is there already needs none. */
  watch(item, layer) {
    const turn = (this.turn = {});
    this.element.hidden = true;
    if (!item) return;
    twoFrames().then(() => {
      if (turn !== this.turn || item.getFullyLoaded()) return;
      const name = t(`compare.${layer}`);
      this.element.textContent = t("loading.layer", { layer: name });
      this.element.hidden = false;
      announce(this.element.textContent);
      item.addOnceHandler("fully-loaded-change", () => {
        if (turn !== this.turn) return;
        this.element.hidden = true;
        announce(t("loading.done", { layer: name }));
      });
    });
  }
}
