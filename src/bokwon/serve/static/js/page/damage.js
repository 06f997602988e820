// What is damaged: find it, judge the regions, change the mask as a whole, bring and take mask files.

import { url } from "../api.js";
import { announce, button, choice, h, slider, toast } from "../dom.js";
import { percent, t, word } from "../i18n.js";
import { judge, setCertainty } from "./judge.js";
import { ORDERS } from "./order.js";
import { COLOURS } from "./overlay.js";
import { run } from "./work.js";

const LISTED = 200; // regions in the list; the rest is reached by clicking on the page

export function swatch(region) {
  const colour = COLOURS[region.source === "found" ? region.kind : "drawn"] ?? COLOURS.drawn;
  const element = h("span", { class: "swatch", "aria-hidden": "true" });
  element.style.background = `rgb(${colour.join(" ")})`;
  return element;
}

export const regionName = (region) => word("kind", region.source === "found" ? region.kind : region.source);

/** Who decided about a found region, if its certainty did not. */
export const decidedBy = ({ source, decided_by: by }) => (source === "found" && by !== "certainty" ? t(`region.by.${by}`) : "");

function regionRow(view, region) {
  const kept = region.decision === "accepted";
  const box = h("input", { type: "checkbox", "aria-label": t("region.keep", { kind: regionName(region) }), onchange: () => judge(view, region, box.checked ? "accepted" : "rejected") });
  box.checked = kept;
  const sure = region.confidence === null ? "" : percent(Math.round(region.confidence * 100) / 100);
  const name = h("button", { type: "button", class: "region", "aria-pressed": String(view.selected?.id === region.id), onclick: () => view.select(region, { show: true }) }, swatch(region), h("span", {}, regionName(region)), h("span", { class: "sure" }, [decidedBy(region), sure].filter(Boolean).join(" · ")));
  return h("li", { class: kept ? "" : "rejected" }, box, name);
}

function regionList(view) {
  const list = h("ul", { class: "regions" });
  const order = choice(t("folder.order"), ORDERS.map((name) => [name, t(`order.${name}`)]), view.sorting, (name) => view.sort(name));
  order.classList.add("inline");
  const count = h("p", { class: "muted" });
  const threshold = slider(t("damage.threshold"), {
    min: 0, max: 100, value: 90, text: (value) => percent(value / 100),
    oninput: (value) => ((moving = true), (count.textContent = told(value / 100))),
    onchange: async (value) => {
      await setCertainty(view, value / 100);
      moving = false;
      update();
    },
  });
  let moving = false; // the slider is under the pointer, or its value on the way
  const found = () => view.page.regions.filter((region) => region.source === "found");
  const isKept = (region, least) => (least !== undefined && region.decided_by === "certainty" ? region.confidence >= least : region.decision === "accepted");
  const told = (least) => t("damage.kept", { kept: found().filter((region) => isKept(region, least)).length, n: found().length });
  const byHand = h("span", {});
  const forget = button(t("damage.forget"), () => setCertainty(view, threshold.input.value / 100, true), { class: "quiet link" });
  const hand = h("p", { class: "muted" }, byHand, " ", forget);
  const element = h("div", {}, threshold, count, hand, order, list);
  const update = () => {
    const focused = [...list.children].findIndex((row) => row.contains(document.activeElement));
    const second = document.activeElement?.matches?.(".region");
    const regions = view.order().filter((region) => region.source === "found");
    element.hidden = !regions.length;
    order.hidden = regions.length < 2;
    if (!moving) {
      threshold.set(Math.round(view.page.certain * 100));
      count.textContent = told();
    }
    const decided = regions.filter((region) => region.decided_by === "hand").length;
    hand.hidden = !decided;
    byHand.textContent = t("damage.byHand", { n: decided });
    const { scrollTop } = list;
    list.replaceChildren(...regions.slice(0, LISTED).map((region) => regionRow(view, region)));
    list.scrollTop = scrollTop;
    if (focused >= 0) list.children[Math.min(focused, list.children.length - 1)]?.querySelector(second ? ".region" : "input").focus();
  };
  const follow = () => {
    update();
    // The list follows the selection, and the panel stays where it is.
    const row = list.querySelector("[aria-pressed=true]")?.parentElement;
    if (!row) return;
    const [top, bottom] = [row.offsetTop - list.offsetTop, row.offsetTop - list.offsetTop + row.offsetHeight];
    list.scrollTop = Math.min(top, Math.max(bottom - list.clientHeight, list.scrollTop));
  };
  view.listen(view, "page", update);
  view.listen(view, "select", follow);
  update();
  return element;
}

function maskTools(view) {
  const file = h("input", { type: "file", accept: "image/*,.tif,.tiff,.psd,.pdf", class: "spoken", tabindex: "-1", "aria-hidden": "true", onchange: () => file.files[0] && giveMask(view, file.files[0]) });
  file.addEventListener("click", () => (file.value = ""));
  return h(
    "details",
    { class: "mask" },
    h("summary", {}, t("mask.title")),
    h("div", { class: "row" }, button(t("mask.load"), () => file.click(), { symbol: "load" }), h("a", { class: "button", href: url(`/pages/${view.page.id}/download?what=mask`), download: "" }, t("mask.save")), button(t("mask.clear"), () => clear(view)), file),
    h("p", { class: "muted" }, t("mask.drop")),
  );
}

/** Take everything out of the mask, as one step that can be undone. */
function clear(view) {
  const { width, height } = view.page;
  view.tools.apply(0, (paint) => {
    for (const key of view.sync.mask.tiles.keys()) {
      const [left, top] = [(key % view.sync.mask.columns) * 512, Math.floor(key / view.sync.mask.columns) * 512];
      for (let y = top; y < Math.min(height, top + 512); y++) paint(y, left, Math.min(width, left + 512));
    }
  });
}

/** Use a mask file; the server says how it read it. */
async function giveMask(view, file) {
  const answer = await view.sync.command("PUT", "mask", { body: file });
  if (!answer) return;
  const said = t("mask.read", { name: file.name, reading: answer.reading ?? "", share: percent(answer.share) });
  toast(said);
  announce(said);
  await view.refresh();
}

/** A file dropped anywhere on the page becomes the mask. */
function acceptDrops(view) {
  const show = (shown) => view.stage.classList.toggle("dropping", shown);
  const takes = (event) => event.dataTransfer.types.includes("Files") && !document.querySelector("dialog[open]");
  view.listen(window, "dragover", (event) => {
    if (!takes(event)) return;
    event.dataTransfer.dropEffect = "copy";
    show(true);
  });
  view.listen(window, "dragleave", (event) => event.relatedTarget || show(false));
  view.listen(window, "drop", (event) => {
    show(false);
    if (takes(event)) giveMask(view, event.dataTransfer.files[0]);
  });
}

/** Whether nobody has looked for damage on the page yet, and bokwon can. */
export function isUnsearched({ page, folder }) {
  return Boolean(folder.detector && page.width) && page.mask === "none" && !page.regions?.length && page.state !== "undamaged" && !page.restored_version;
}

export function damagePanel(view) {
  acceptDrops(view);
  const { detector } = view.folder;
  const find = button(t("damage.find"), () => run(view, "detect"), { keys: "F", symbol: "find", disabled: !detector });
  const result = h("p", { class: "result" });
  const update = () => {
    const { state, mask, share } = view.page;
    const nothing = state === "undamaged" || (mask === "found" && share === 0);
    const n = view.page.regions.length;
    const unmarked = n ? t("damage.unsure", { n }) : t("damage.none");
    result.textContent = nothing && !n ? t("damage.nothing") : share > 0 ? t("damage.share", { share: percent(share) }) : unmarked;
    result.classList.toggle("nothing", nothing && !n);
    find.disabled = !detector || !view.page.width || Boolean(view.job);
    find.classList.toggle("primary", isUnsearched(view));
  };
  for (const name of ["page", "job"]) view.listen(view, name, update);
  update();
  return h(
    "section",
    { "aria-labelledby": "damage-title" },
    h("h2", { id: "damage-title" }, t("damage.title")),
    result,
    find,
    detector ? null : h("p", { class: "muted" }, t("damage.model")),
    regionList(view),
    maskTools(view),
  );
}
