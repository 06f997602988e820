// The list of pages as the folder shows it; the page view walks along it.

import { get } from "./api.js";

const AT_ONCE = 100;

export class PageList {
  constructor() {
    const saved = JSON.parse(sessionStorage.getItem("list") ?? "{}");
    this.state = saved.state ?? "";
    this.order = saved.order ?? "worst";
    this.turn = 0;
    this.clear();
  }

  clear() {
    this.turn++;
    this.pages = [];
    this.total = null;
  }

  choose(fields) {
    Object.assign(this, fields);
    sessionStorage.setItem("list", JSON.stringify({ state: this.state, order: this.order }));
    this.clear();
  }

  get ended() {
    return this.total !== null && this.pages.length >= this.total;
  }

  /** Ask for the next pages; returns those that are new, or null if the list was cleared meanwhile: ask again. */
  async more() {
    const { turn } = this;
    const query = new URLSearchParams({ order: this.order, offset: this.pages.length, limit: AT_ONCE });
    if (this.state) query.set("state", this.state);
    const { total, pages } = await get(`/pages?${query}`);
    // The list was cleared while the server answered.
    if (turn !== this.turn) return null;
    const known = new Set(this.pages.map((page) => page.id));
    const fresh = pages.filter((page) => !known.has(page.id));
    this.pages.push(...fresh);
    this.total = fresh.length ? total : this.pages.length;
    return fresh;
  }

  /** Take what is new about a page; its place in the list stays. */
  note(page) {
    this.pages = this.pages.map((each) => (each.id === page.id ? page : each));
  }

  /** The id of the next page that nobody has decided about, from the start of the list again after its end; or null. */
  async undecided(page) {
    const from = this.pages.findIndex((each) => each.id === page.id) + 1;
    const open = (each) => each.id !== page.id && !each.decision;
    let next = this.pages.slice(from).find(open);
    while (!next && !this.ended) next = (await this.more())?.find(open);
    return (next ?? this.pages.find(open))?.id ?? null;
  }

  /** The id of the page before (-1) or after (1) another one, or null at the end. */
  async neighbour(page, way) {
    if (this.total === null) await this.more();
    const at = this.pages.findIndex((each) => each.id === page.id);
    if (at < 0) return (way > 0 ? page.next : page.previous) ?? null;
    if (way > 0 && at === this.pages.length - 1 && !this.ended) await this.more();
    return this.pages[at + way]?.id ?? null;
  }
}
