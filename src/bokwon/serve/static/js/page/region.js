// The card of the selected region: leave it, refill it another way, give its original back.

import { button, h } from "../dom.js";
import { number, t } from "../i18n.js";
import { regionName, swatch } from "./damage.js";
import { methodFields } from "./decide.js";

export function regionCard(view) {
  const { method, finish, settings } = methodFields(view.folder);
  const title = h("p", { class: "what" });
  const keep = button(t("region.accept"), () => view.judge(view.selected, "accepted", true), { keys: "Y", symbol: "check" });
  const leave = button(t("region.leave"), () => view.judge(view.selected, "rejected", true), { keys: "N", symbol: "close" });
  const refill = button(t("region.refill"), () => view.refill(view.selected, settings()), { symbol: "restore" });
  const original = button(t("region.original"), () => view.original(view.selected), { symbol: "undo" });
  const close = button(t("close"), () => view.select(null), { class: "quiet", symbol: "close", hide: true });
  const again = h("div", { class: "row" }, method, finish, refill, original);
  const card = h("div", { class: "card", role: "group", "aria-label": t("region.title"), hidden: true }, h("div", { class: "row" }, title, close), h("div", { class: "row" }, keep, leave), again);
  const update = () => {
    const region = view.selected;
    card.hidden = !region;
    if (!region) return;
    const [left, top, right, bottom] = region.box;
    const sure = region.confidence === null ? [] : [t("region.sure", { share: Math.round(region.confidence * 100) })];
    const facts = [...sure, t("region.size", { width: number(right - left), height: number(bottom - top) }), t(`region.${region.decision}`)];
    title.replaceChildren(swatch(region), h("strong", {}, regionName(region)), h("span", { class: "muted" }, facts.join(" · ")));
    keep.setAttribute("aria-pressed", String(region.decision === "accepted"));
    leave.setAttribute("aria-pressed", String(region.decision === "rejected"));
    refill.disabled = Boolean(view.job);
    original.hidden = !view.page.restored_version;
  };
  for (const name of ["select", "page", "job"]) view.listen(view, name, update);
  return card;
}
