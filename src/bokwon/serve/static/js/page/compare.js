// Before and after: either one, a slider between them, or both side by side at the same place.

import "../../vendor/img-comparison-slider/img-comparison-slider.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { Loading } from "./loading.js";
import { PageViewer } from "./viewer.js";

export const MODES = ["original", "restored", "slider", "side"];

export class Compare extends EventTarget {
  constructor(frame, viewer) {
    super();
    Object.assign(this, { frame, viewer, mode: "original", held: false, evidence: false, second: null });
    // The library moves the line. Both layers lie in the one viewer below: pan, zoom and tools are the same as without it.
    this.divider = h("img-comparison-slider", {
      class: "divider", handle: true, role: "slider", hidden: true, "aria-label": t("compare.handle"),
      "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal",
    }, h("span", { class: "grip", slot: "handle", "aria-hidden": "true" }));
    this.tag = h("span", { class: "tag", hidden: true }, t("compare.original"));
    frame.append(this.divider, this.tag);
    this.loading = new Loading(frame);
    this.divider.addEventListener("slide", () => this.#slid());
    this.divider.addEventListener("keydown", (event) => {
      const value = { Home: 0, End: 100 }[event.key];
      if (value === undefined) return;
      event.preventDefault();
      this.divider.value = value;
      this.#slid();
    });
    this.divider.addEventListener("wheel", (event) => {
      event.preventDefault();
      viewer.element.parentElement.dispatchEvent(new WheelEvent(event.type, event));
    });
    viewer.osd.addHandler("update-viewport", () => {
      if (this.mode === "slider") this.viewer.clip("restored", this.held ? 1 : this.#fraction);
      this.#follow(viewer, this.second);
    });
  }

  get #fraction() {
    return this.divider.value / 100;
  }

  #slid() {
    this.divider.setAttribute("aria-valuenow", Math.round(this.divider.value));
    this.viewer.clip("restored", this.#fraction);
    this.viewer.osd.forceRedraw();
  }

  /** Take the layers of a page as it is now. */
  async update(page) {
    this.page = page;
    this.viewer.page = page;
    if (page.restored_version) {
      await this.viewer.show("restored", 0);
      if (page.evidence) await this.viewer.show("evidence", 0);
      else this.viewer.remove("evidence");
    } else {
      this.viewer.remove("restored");
      this.viewer.remove("evidence");
      this.mode = "original";
    }
    if (this.second) {
      this.second.page = page;
      await this.second.show("restored");
    }
    this.set(this.mode);
  }

  set(mode) {
    if (this.viewer.gone) return;
    if (!this.page?.restored_version) mode = "original";
    this.mode = mode;
    if (mode === "side" && !this.second) this.#split();
    if (mode !== "side" && this.second) this.#join();
    this.divider.hidden = mode !== "slider";
    this.tag.hidden = mode !== "side";
    this.#apply();
    if (mode === "slider") this.#slid();
    this.dispatchEvent(new Event("change"));
  }

  /** Show the original as long as a key is held. */
  hold(held) {
    if (this.held === held) return;
    this.held = held;
    this.#apply();
  }

  setEvidence(shown) {
    this.evidence = shown;
    this.#apply();
    this.dispatchEvent(new Event("change"));
  }

  #apply() {
    const restored = !this.held && (this.mode === "restored" || this.mode === "slider");
    this.viewer.opacity("restored", restored ? 1 : 0);
    this.viewer.opacity("evidence", this.evidence && !this.held ? 1 : 0);
    if (this.mode !== "slider") this.viewer.clip("restored", null);
    this.viewer.osd.forceRedraw();
    const layer = this.evidence && !this.held && this.page?.evidence ? "evidence" : restored ? "restored" : "original";
    // Only for another layer, or a new version of one: moving about on the page needs no sign.
    if (this.viewer.items[layer] !== this.shown) this.loading.watch((this.shown = this.viewer.items[layer]), layer);
  }

  #split() {
    const element = h("div", { class: "deep" });
    this.pane = h("div", { class: "pane", role: "img", "aria-label": t("compare.restored") }, element, h("span", { class: "tag" }, t("compare.restored")));
    this.frame.after(this.pane);
    this.frame.parentElement.classList.add("split");
    const second = new PageViewer(element, this.page, { mouse: true });
    const loading = new Loading(this.pane);
    this.second = second;
    // It opens on the whole page: it takes the place of the first view before it may lead itself.
    second.show("restored").then((item) => {
      if (this.second !== second) return;
      loading.watch(item, "restored");
      this.#follow(this.viewer, second);
      second.osd.addHandler("update-viewport", () => this.#follow(second, this.viewer));
    });
  }

  #join() {
    this.second.destroy();
    this.second = null;
    this.pane.remove();
    this.frame.parentElement.classList.remove("split");
  }

  /** Give the other view the same centre and zoom. */
  #follow(from, to) {
    if (!to || this.following || !to.osd.world.getItemCount()) return;
    const [here, there] = [from.osd.viewport, to.osd.viewport];
    const [zoom, centre] = [here.getZoom(true), here.getCenter(true)];
    const apart = there.getCenter(true).distanceTo(centre) * zoom;
    if (Math.abs(there.getZoom(true) / zoom - 1) < 1e-6 && apart < 1e-6) return;
    this.following = true;
    there.zoomTo(zoom, undefined, true);
    there.panTo(centre, true);
    this.following = false;
  }

  destroy() {
    if (this.second) this.#join();
  }
}
