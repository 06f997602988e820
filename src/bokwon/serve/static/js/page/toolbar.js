// The tools on the left, their settings, zoom, and the line below that says what is saved.

import { connection } from "../api.js";
import { button, h, slider } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { TOOLS } from "./tools.js";

const SMALL_HOLES = 400; // pixels: holes of at most this size in what the wand takes are filled

const KEYS = { hand: "V", brush: "B", eraser: "E", lasso: "L", wand: "W" };

// The slider of the size is logarithmic: one pixel matters at 3, not at 300.
const toSize = (value) => Math.round(Math.exp(value / 100));
const toSlider = (size) => Math.round(100 * Math.log(size));

/** The buttons that change the mask as a whole. Their tooltips say what they do. */
function wholeMask(view) {
  const by = h("input", { type: "number", min: 1, max: 50, value: "2", "aria-label": t("mask.by") });
  const morph = (how) => view.sync.command("POST", "mask/morph", { json: { how, by: Math.min(50, Math.max(1, Number(by.value) || 1)) } });
  const act = (name, how) => button(t(`mask.${name}`), () => morph(how), { title: t(`mask.${name}.why`) });
  return h("div", { class: "whole", role: "group", "aria-label": t("mask.whole") }, h("span", { class: "muted" }, t("mask.whole")), act("fill", "fill holes"), act("grow", "grow"), act("shrink", "shrink"), h("label", { class: "by" }, h("span", {}, t("mask.by.short")), by, h("span", {}, t("mask.pixels"))));
}

function options(view) {
  const { tools } = view;
  const size = slider(t("tool.size"), { min: 0, max: toSlider(500), value: toSlider(24), text: (value) => t("pixels", { n: toSize(value) }), oninput: (value) => tools.resize(toSize(value)) });
  const tolerance = slider(t("tool.tolerance"), { min: 1, max: 100, value: (tools.tolerance = 24), text: number, oninput: (value) => (tools.tolerance = value) });
  const grow = slider(t("tool.grow"), { min: 0, max: 10, value: (tools.grow = 2), text: (value) => t("pixels", { n: value }), oninput: (value) => (tools.grow = value) });
  const holes = h("input", { type: "checkbox", onchange: () => (tools.holes = holes.checked ? SMALL_HOLES : 0) });
  holes.checked = Boolean((tools.holes = SMALL_HOLES));
  const fill = h("label", { class: "check", title: t("tool.holes.why") }, holes, h("span", {}, t("tool.holes")));
  grow.title = t("tool.grow.why");
  const reach = slider(t("tool.reach"), { min: 10, max: 1000, step: 10, value: (tools.reach = 300), text: (value) => t("pixels", { n: value }), oninput: (value) => (tools.reach = value) });
  const add = button(t("tool.add"), () => tools.setRemoving(false), { class: "segment" });
  const remove = button(t("tool.remove"), () => tools.setRemoving(true), { class: "segment" });
  const sign = h("div", { class: "segments", role: "group", "aria-label": t("tool.sign") }, add, remove);
  const hint = h("p", { class: "muted" });
  const whole = wholeMask(view);
  const element = h("div", { class: "options" }, size, sign, tolerance, reach, grow, fill, whole, hint);
  const update = () => {
    const { tool } = tools;
    size.hidden = !tools.size;
    if (tools.size && toSize(size.input.value) !== tools.size) size.set(toSlider(tools.size));
    size.querySelector("output").textContent = t("pixels", { n: tools.size });
    for (const part of [tolerance, reach, grow, fill, whole]) part.hidden = tool !== "wand";
    sign.hidden = tool !== "wand" && tool !== "lasso";
    add.setAttribute("aria-pressed", String(!tools.removing));
    remove.setAttribute("aria-pressed", String(tools.removing));
    hint.textContent = t(`tool.hint.${tool}`);
  };
  view.listen(tools, "tool", update);
  update();
  return element;
}

export function toolBar(view) {
  const { tools, sync } = view;
  const choose = TOOLS.map((tool) => button(t(`tool.${tool}`), () => tools.choose(tool), { symbol: tool, hide: true, keys: KEYS[tool], class: "tool" }));
  const undo = button(t("undo"), () => view.undo(), { symbol: "undo", hide: true, keys: "Ctrl+Z", class: "tool" });
  const redo = button(t("redo"), () => view.redo(), { symbol: "redo", hide: true, keys: "Ctrl+Shift+Z", class: "tool" });
  const history = async (way) => {
    // The last stroke may still be on its way: the server takes one after the other.
    if (tools.drawings.length) return;
    await sync.command("POST", `mask/${way}`);
  };
  view.undo = () => (view.page.can_undo || sync.waiting.length) && history("undo");
  view.redo = () => view.page.can_redo && history("redo");
  const update = () => {
    choose.forEach((element, i) => element.setAttribute("aria-pressed", String(tools.tool === TOOLS[i])));
    undo.disabled = !view.page.can_undo && !sync.waiting.length;
    redo.disabled = !view.page.can_redo;
  };
  view.listen(tools, "tool", update);
  view.listen(view, "page", update);
  view.listen(sync, "state", update);
  update();
  view.bar.append(options(view));
  return h("div", { class: "tools", role: "toolbar", "aria-orientation": "vertical", "aria-label": t("tools") }, choose, h("hr"), undo, redo);
}

export function statusBar(view) {
  const { viewer, sync, tools } = view;
  const zoom = h("output", { class: "zoom", "aria-label": t("zoom.now") });
  const place = h("span", { class: "place", "aria-hidden": "true" });
  const saved = h("span", { class: "saved", role: "status" });
  const to = (label, times, keys) => button(label, () => viewer.pixels(times), { class: "quiet", keys, "aria-label": t(`zoom.${times}`) });
  const zooms = h("div", { class: "zooms", role: "group", "aria-label": t("zoom.title") }, button("−", () => viewer.zoomBy(1 / 1.4), { class: "quiet", "aria-label": t("zoom.out") }), zoom, button("+", () => viewer.zoomBy(1.4), { class: "quiet", "aria-label": t("zoom.in") }), to(t("zoom.fit"), 0, "0"), to("1:1", 1, "1"), to("3:1", 3, "3"));
  viewer.osd.addHandler("update-viewport", () => (zoom.textContent = percent(Math.round(viewer.transform().scale * devicePixelRatio * 100) / 100)));
  view.listen(tools, "place", ({ detail }) => {
    const { width, height } = view.page;
    place.textContent = detail ? `${Math.floor(detail[0])}, ${Math.floor(detail[1])}` : `${number(width)} × ${number(height)}`;
  });
  const update = () => {
    const n = sync.waiting.length;
    saved.textContent = n && connection.lost ? t("saved.waiting", { n }) : n ? t("saved.saving") : t("saved.all");
    saved.classList.toggle("bad", Boolean(n && connection.lost));
  };
  view.listen(sync, "state", update);
  view.listen(connection, "change", update);
  update();
  return h("footer", { class: "status" }, zooms, place, h("span", { class: "spring" }), saved);
}
