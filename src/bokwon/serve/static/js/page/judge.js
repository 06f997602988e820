// Judging regions: which one is at a place, marking and leaving it, and the one to judge next.

import { get } from "../api.js";
import { announce } from "../dom.js";
import { t } from "../i18n.js";
import { Grid } from "../mask/mask.js";
import { load } from "../mask/sync.js";

const REACH = 8; // CSS pixels around a click in which a region counts as meant
const RIM = 8; // pixels around a region that are filled with it, and some more

/** Read which region each pixel belongs to, in a box or everywhere. */
export async function readRegions(view, area) {
  const { id, width, height, regions } = view.page;
  const version = view.sync.version;
  const ids = area ? view.ids : new Grid(width, height, Uint16Array);
  if (regions.length) await load(id, "regions", ids, area);
  view.ids.tiles = ids.tiles;
  if (!area) view.idsVersion = version;
  view.overlay.setRegions(view.page.regions);
}

function idAt(view, x, y) {
  const reach = Math.min(64, Math.ceil(REACH / view.viewer.transform().scale));
  let best = 0;
  let nearest = Infinity;
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const far = dx * dx + dy * dy;
      const id = far < nearest ? view.ids.at(Math.floor(x) + dx, Math.floor(y) + dy) : 0;
      if (id) [best, nearest] = [id, far];
    }
  }
  return best;
}

/** Select the region at a place of the page. */
export async function pick(view, x, y) {
  if (view.idsVersion !== view.sync.version) {
    view.take(await get(`/pages/${view.page.id}`));
    await readRegions(view);
  }
  const id = idAt(view, x, y);
  view.select(view.page.regions.find((region) => region.id === id) ?? null);
}

/** The next region that nobody has decided about, in the order of the list; null if there is none. */
function undecided(view, region) {
  const order = view.order();
  const place = order.findIndex((each) => each.id === region.id);
  const turned = [...order.slice(place + 1), ...order.slice(0, Math.max(0, place))];
  return turned.find((each) => each.decided_by !== "hand" && each.id !== region.id) ?? null;
}

/** Keep a region or leave it as it is; with `onward` the next one without a decision comes into view. */
export async function judge(view, region, decision, onward) {
  const field = decision === "accepted" ? "accept" : "reject";
  const next = undecided(view, region);
  // Only pixels in and right around the region change.
  const { width, height } = view.page;
  const [left, top, right, bottom] = region.box;
  const area = [Math.max(0, left - RIM), Math.max(0, top - RIM), Math.min(width, right + RIM), Math.min(height, bottom + RIM)];
  const known = view.idsVersion === view.sync.version;
  const done = await view.sync.command("PATCH", "regions", { json: { [field]: [region.id] }, area });
  if (!done) return;
  if (onward && next) view.select(view.page.regions.find((each) => each.id === next.id) ?? null, { show: true });
  else if (onward) announce(t("region.decided"));
  await view.attempt(() => readRegions(view, area));
  // Drawn regions have other numbers now, wherever they are; those of found regions stay.
  if (known && view.page.regions.every(({ source }) => source === "found")) view.idsVersion = view.sync.version;
}

/** Select the next region, decided or not. */
export function goOn(view) {
  const order = view.order();
  view.select(order[(order.findIndex((region) => region.id === view.selected?.id) + 1) % order.length] ?? null, { show: true });
}

/** From which certainty on found regions are marked; decisions by hand stay unless they are to be forgotten. */
export async function setCertainty(view, threshold, forget = false) {
  if (await view.sync.command("PATCH", "regions", { json: { threshold, forget } })) await view.attempt(() => readRegions(view));
}
