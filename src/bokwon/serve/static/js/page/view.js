// One page: the viewer in the middle, tools on its left, what can be decided on its right.

import { connection, get, post, raw } from "../api.js";
import { announce, button, h, toast, twoFrames } from "../dom.js";
import { events } from "../events.js";
import { t } from "../i18n.js";
import { Grid } from "../mask/mask.js";
import { decodeGray } from "../mask/png.js";
import { Sync } from "../mask/sync.js";
import { problemText } from "../problems.js";
import { Compare } from "./compare.js";
import { damagePanel } from "./damage.js";
import { comparePanel, decisionPanel, restorePanel } from "./decide.js";
import { judge, pick, readRegions } from "./judge.js";
import { pageKeys } from "./keys.js";
import { inOrder, saveOrder, savedOrder } from "./order.js";
import { Overlay } from "./overlay.js";
import { describe, regionCard } from "./region.js";
import { statusBar, toolBar } from "./toolbar.js";
import { Tools } from "./tools.js";
import { PageViewer } from "./viewer.js";
import { follow, isOfPage, resume, run } from "./work.js";

const SETTLED = 500; // milliseconds after a stroke in which no other one came

/** The found regions of a page and how each is judged, as text, to compare two versions of the page. */
const foundIn = (page) => JSON.stringify(page.regions.filter((region) => region.source === "found").map((region) => [region.id, region.box, region.decision]));

/** Pages whose strokes still wait: their mask must not be read anew from the server. */
const open = new Map();

/** Events: "page" (the page's description changed), "select", "job". */
export class PageView extends EventTarget {
  constructor(root, page, host) {
    super();
    Object.assign(this, { root, page, host, folder: host.folder, job: null, selected: null, sorting: savedOrder() });
    this.closing = new AbortController();
    this.ids = new Grid(page.width, page.height, Uint16Array);
    this.sync = open.get(page.id) ?? new Sync(page, this.folder);
    open.set(page.id, this.sync);
    this.#build();
    this.#start().catch((error) => this.tell(error));
    resume(this).catch((error) => this.tell(error));
  }

  #build() {
    this.deep = h("div", { class: "deep" });
    this.canvas = h("canvas", { class: "overlay" });
    this.stage = h("div", { class: "stage", tabindex: "0", role: "application", "aria-label": t("stage.label", { name: this.page.name }), "aria-describedby": "stage-help" }, this.deep, this.canvas);
    this.frame = h("div", { class: "frame" }, this.stage);
    this.aside = h("aside", { class: "panel", id: "panel", "aria-label": t("panel.label") });
    this.bar = h("div", { class: "bar" }); // the settings of the tool, above the page and not over it
    this.work = h("div", { class: "work" }, this.bar, h("div", { class: "views" }, this.frame), this.aside);
    this.host.slot.replaceChildren(...this.#bar());
    this.root.replaceChildren(this.work, h("p", { id: "stage-help", class: "spoken" }, t("stage.help")));
    // The viewer fits the page into the room that it has when it is made: the rest of the layout comes first.
    this.viewer = new PageViewer(this.deep, this.page);
    this.overlay = new Overlay(this.canvas, this.viewer, this.sync.mask, this.ids);
    this.tools = new Tools(this.stage, this.viewer, this.overlay, this.sync);
    this.compare = new Compare(this.frame, this.viewer);
    this.#panels();
    const { signal } = this.closing;
    this.viewer.osd.addHandler("update-viewport", () => this.overlay.request());
    new ResizeObserver(() => this.#resized()).observe(this.stage);
    this.listen(this.tools, "pick", ({ detail }) => pick(this, detail.x, detail.y));
    this.listen(this.tools, "wand", ({ detail }) => this.wand(detail));
    this.listen(this.tools, "tool", () => this.tools.tool !== "hand" && this.showMask(true));
    this.listen(this.sync, "change", ({ detail }) => this.overlay.changed(detail));
    this.listen(this.sync, "page", ({ detail }) => this.#saved(detail));
    this.listen(this.sync, "problem", ({ detail }) => this.tell(detail));
    this.listen(this.compare, "change", () => this.#compared());
    this.listen(events, "page", ({ detail }) => detail.id === this.page.id && this.#hear(detail));
    this.listen(events, "job", ({ detail }) => isOfPage(this, detail) && follow(this, detail));
    this.listen(events, "again", () => this.refresh());
    window.addEventListener("beforeunload", (event) => connection.lost && this.sync.waiting.length && event.preventDefault(), { signal });
    pageKeys(this, signal);
    this.title.focus();
  }

  #resized() {
    this.overlay.request();
    if (this.viewer.whole) twoFrames().then(() => this.viewer.whole && !this.viewer.gone && this.viewer.pixels(0));
  }

  #bar() {
    const { page } = this;
    this.title = h("h1", { tabindex: "-1", title: page.name }, page.name, page.count > 1 ? h("small", {}, t("page.of", { page: page.index + 1, count: page.count })) : null);
    const chip = h("span", { class: "chip" });
    const show = () => {
      chip.textContent = t(`state.${this.page.state}`);
      chip.dataset.state = this.page.state;
    };
    this.listen(this, "page", show);
    show();
    const step = (label, symbol, way, keys) => button(t(label), () => this.move(way), { symbol, hide: true, keys, class: "quiet" });
    const back = h("a", { href: "#/", class: "back", title: this.folder.name }, "← ", h("span", {}, this.folder.name));
    return [back, step("page.previous", "previous", -1, "K"), this.title, chip, step("page.next", "next", 1, "J")];
  }

  #panels() {
    const more = button(t("panel.more"), () => more.setAttribute("aria-expanded", this.aside.classList.toggle("open")), { class: "more", symbol: "panel", "aria-controls": "panel", "aria-expanded": "false" });
    this.aside.append(decisionPanel(this, more), h("div", { class: "sections" }, damagePanel(this), restorePanel(this), comparePanel(this)));
    this.frame.parentElement.append((this.card = regionCard(this))); // over both views, where there are two
    this.work.prepend(toolBar(this));
    this.root.append(statusBar(this));
  }

  listen(target, name, listener) {
    target.addEventListener(name, listener, { signal: this.closing.signal });
  }

  #change(name) {
    this.dispatchEvent(new Event(name));
  }

  async #start() {
    if (!this.page.width) return; // it cannot be read; the panel says why
    await this.viewer.show("original");
    this.compare.set("original");
    await twoFrames();
    this.viewer.pixels(0);
    if (this.sync.loaded) await this.sync.follow(this.page.mask_version);
    else await this.sync.open();
    await readRegions(this);
    await this.compare.update(this.page);
    if (this.page.restored_version) this.compare.set("restored");
  }

  /** Take what the server says about the page, all of it or some fields. */
  take(fields) {
    this.page = { ...this.page, ...fields };
    if (fields.regions) {
      this.overlay.setRegions(fields.regions);
      // The numbers of drawn regions change with the mask; their boxes tell them apart.
      const same = (region) => region.id === this.selected?.id && (region.source === "found" || String(region.box) === String(this.selected.box));
      this.select(fields.regions.find(same) ?? null, { quiet: true });
    }
    this.#change("page");
  }

  /** The server has stored a change of the mask. After the last stroke the page is read again, for the state of its regions. */
  #saved(fields) {
    this.take(fields);
    clearTimeout(this.settling);
    if (fields.regions || !this.page.regions.some((region) => region.source === "found")) return;
    this.settling = setTimeout(() => !this.sync.waiting.length && this.refresh(), SETTLED);
  }

  /** Take a message of the server about the page. If the state or the mask changed elsewhere, the whole page is read again. */
  #hear({ type: _, ...fields }) {
    const news = ["state", "score", "restored_version"].some((name) => fields[name] !== this.page[name]);
    this.take(fields);
    const masked = fields.mask_version !== this.sync.version && !this.sync.running;
    if (news || masked || fields.problem) this.refresh();
  }

  /** Another way to compare shows or hides the mask; a new version of the layers leaves it as it is. */
  #compared() {
    if (this.compare.mode === this.compared) return;
    this.compared = this.compare.mode;
    this.showMask(this.compared === "original");
    // Two views are narrower than one: the selected region stays in sight.
    if (this.selected) twoFrames().then(() => this.selected && !this.viewer.gone && this.viewer.reveal(this.selected.box, this.#covered()));
  }

  async refresh() {
    // Read first: the job that this view follows may end, and be dropped, while the page is asked for.
    const elsewhere = !this.job;
    const regions = foundIn(this.page);
    const page = await get(`/pages/${this.page.id}`).catch(() => null);
    if (!page || this.closing.signal.aborted) return;
    const { mask_version: version } = page;
    this.take(page);
    await this.sync.follow(version);
    if (foundIn(page) !== regions) await readRegions(this);
    const before = this.compare.page?.restored_version;
    if (page.restored_version === before) return;
    await this.compare.update(this.page);
    if (before === 0 && page.restored_version && elsewhere) this.#restoredElsewhere();
  }

  /** The page was restored with others, or in another window: show it, unless somebody is painting. */
  #restoredElsewhere() {
    const show = () => this.compare.set("restored");
    if (this.tools.tool === "hand") show();
    const action = this.tools.tool === "hand" ? null : { label: t("page.show"), close: t("close"), run: show };
    toast(t("page.restored"), { action });
  }

  /** Tell of a problem in words, and to screen readers. */
  tell(error) {
    if (error.name === "AbortError") return;
    toast(problemText(error), { error: true });
  }

  /** Do something that the server may refuse. */
  async attempt(work) {
    try {
      return await work();
    } catch (error) {
      this.tell(error);
      return null;
    }
  }

  showMask(shown) {
    this.overlay.visible = shown;
    this.overlay.request();
    this.#change("mask");
  }

  // Regions ---------------------------------------------------------------------------------------------------------

  select(region, { quiet, show } = {}) {
    this.selected = this.overlay.selected = region;
    this.overlay.request();
    this.#change("select");
    if (quiet || !region) return;
    if (show) this.viewer.reveal(region.box, this.#covered());
    else this.viewer.uncover(region.box, this.#covered());
    announce(describe(this, region));
  }

  /** Where the card begins to cover the page: the distance from the top of the window, in CSS pixels. */
  #covered() {
    return this.card.hidden ? innerHeight : this.card.getBoundingClientRect().top;
  }

  /** Regions as they are listed, and judged one after the other. */
  order() {
    return inOrder(this.page.regions, this.sorting);
  }

  sort(order) {
    saveOrder((this.sorting = order));
    this.#change("select");
  }

  // Work of the server ------------------------------------------------------------------------------------------------

  async wand({ x, y, value }) {
    await this.attempt(async () => {
      const { tolerance, reach: radius_max, grow, holes } = this.tools;
      const json = { x, y, tolerance, radius_max, grow, holes };
      const response = await raw("POST", `/pages/${this.page.id}/mask/wand`, { json });
      const [left, top] = response.headers.get("X-Box").split(",").map(Number);
      const { width, pixels } = await decodeGray(await response.arrayBuffer());
      this.tools.apply(value, (paint) => {
        for (let i = 0; i < pixels.length; ) {
          const start = i;
          const end = i - (i % width) + width;
          while (i < end && pixels[i]) i++;
          if (i > start) paint(top + Math.floor(start / width), left + (start % width), left + (start % width) + i - start);
          else i++;
        }
      });
    });
  }

  /** Fill one region anew; one that was left as it is becomes part of the mask again. */
  async refill(region, settings) {
    if (region.decision === "rejected") await judge(this, region, "accepted");
    await run(this, "restore", { ...settings, region: region.id });
  }

  async original(region) {
    const page = await this.attempt(() => post(`/pages/${this.page.id}/original`, { region: region.id }));
    if (page) await this.refresh();
  }

  async move(way) {
    const id = await this.host.neighbour(this.page, way);
    if (id === null) toast(t(way > 0 ? "page.last" : "page.first"));
    else this.host.go(id);
  }

  close() {
    this.closing.abort();
    clearTimeout(this.settling);
    this.tools.dropShape();
    if (!this.sync.waiting.length) open.delete(this.page.id);
    this.compare.destroy();
    this.host.slot.replaceChildren();
    this.viewer.destroy();
  }
}
