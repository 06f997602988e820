// The card of the selected region: leave it, refill it another way, give its original back.

import { button, h } from "../dom.js";
import { number, t, word } from "../i18n.js";
import { decidedBy, regionName, swatch } from "./damage.js";
import { methodFields } from "./decide.js";
import { goOn, judge } from "./judge.js";

const certainty = ({ confidence }) => (confidence === null ? "" : t("region.sure", { share: Math.round(confidence * 100) }));

/** A region in words, for screen readers. */
export const describe = (view, region) => [regionName(region), certainty(region), fate(view, region)].filter(Boolean).join(", ");

/** What happened to a region, on a restored page; else what will happen. */
function fate(view, region) {
  if (!region.outcome) return t(`region.${region.decision}`);
  const by = region.filled_by;
  // The 8-bit form of a model does the same faster, and is not listed.
  const model = view.folder.models.find(({ name }) => by === name || by === `${name}-int8`)?.name;
  const name = model ? t("region.model", { name: model }) : by && word("method", by);
  return t(`region.outcome.${region.outcome}${name ? ".by" : ""}`, { by: name });
}

export function regionCard(view) {
  const { method, finish, settings } = methodFields(view.folder);
  const title = h("p", { class: "what" });
  const keep = button(t("region.accept"), () => judge(view, view.selected, "accepted"), { symbol: "check" });
  const leave = button(t("region.leave"), () => judge(view, view.selected, "rejected"), { symbol: "close" });
  const next = button(t("region.next"), () => goOn(view), { keys: "G", symbol: "next" });
  const refill = button(t("region.refill"), () => view.refill(view.selected, settings()), { symbol: "restore" });
  const original = button(t("region.original"), () => view.original(view.selected), { symbol: "undo" });
  const close = button(t("close"), () => view.select(null), { class: "quiet", symbol: "close", hide: true });
  const again = h("div", { class: "row" }, method, finish, refill, original);
  const card = h("div", { class: "card", role: "group", "aria-label": t("region.title"), hidden: true }, h("div", { class: "row" }, title, close), h("div", { class: "row" }, keep, leave, next), again);
  const update = () => {
    const region = view.selected;
    // With another tool in hand it would lie over what is painted; the region stays selected.
    card.hidden = !region || view.tools.tool !== "hand";
    if (!region) return;
    const [left, top, right, bottom] = region.box;
    const facts = [certainty(region), t("region.size", { width: number(right - left), height: number(bottom - top) }), fate(view, region), decidedBy(region)].filter(Boolean);
    title.replaceChildren(swatch(region), h("strong", {}, regionName(region)), h("span", { class: "muted" }, facts.join(" · ")));
    keep.setAttribute("aria-pressed", String(region.decision === "accepted"));
    leave.setAttribute("aria-pressed", String(region.decision === "rejected"));
    refill.disabled = Boolean(view.job);
    next.hidden = view.page.regions.length < 2;
    original.hidden = !view.page.restored_version;
  };
  for (const name of ["select", "page", "job"]) view.listen(view, name, update);
  view.listen(view.tools, "tool", update);
  return card;
}
