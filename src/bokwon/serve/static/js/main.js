// The start: language, folder, and which view the address asks for.

import { connection, get } from "./api.js";
import { button, choice, h, loadIcons } from "./dom.js";
import { events, listen } from "./events.js";
import { FolderView } from "./folder.js";
import { FolderJobs } from "./jobs.js";
import { LANGUAGES, language, loadLanguage, t } from "./i18n.js";
import { bind, showHelp } from "./keys.js";
import { PageView } from "./page/view.js";
import { PageList } from "./pages.js";
import { problemText } from "./problems.js";

const AGAIN = 3000; // milliseconds until what failed at the start is tried again

const main = document.querySelector("#main");

let view = null;
let turn = 0;

const host = {
  folder: null,
  list: new PageList(),
  jobs: new FolderJobs(document.querySelector("#jobs")),
  slot: h("div", { class: "slot" }), // the part of the top line that belongs to the view
  go: (id) => (location.hash = `#/page/${id}`),
  leave: () => (location.hash = "#/"),
  neighbour: (page, way) => host.list.neighbour(page, way),
  undecided: (page) => host.list.undecided(page),
};

function frame() {
  const languages = choice(t("language"), Object.entries(LANGUAGES), language, async (chosen) => {
    await loadLanguage(chosen);
    frame();
    await show();
  });
  const help = button(t("help.title"), showHelp, { keys: "?", symbol: "keys", hide: true, class: "quiet" });
  const brand = h("a", { href: "#/", class: "brand" }, h("strong", {}, "bokwon"), h("span", { lang: "ko" }, "복원"));
  document.querySelector("#top").replaceChildren(h("header", { class: "top" }, brand, host.slot, h("span", { class: "spring" }), languages, help));
  host.jobs.render();
  showLost();
}

function showLost() {
  const banner = document.querySelector("#lost");
  banner.hidden = !connection.lost;
  banner.textContent = connection.lost ? t(`lost.${connection.lost}`) : "";
}

async function show() {
  const mine = ++turn;
  view?.close();
  view = null;
  const id = /^#\/page\/(.+)$/.exec(location.hash)?.[1];
  try {
    host.folder ??= await get("/folder");
    const page = id ? await get(`/pages/${id}`) : null;
    if (mine !== turn) return;
    view = page ? new PageView(main, page, host) : new FolderView(main, host);
    document.title = page ? `${page.name} – ${host.folder.name} – bokwon` : `${host.folder.name} – bokwon`;
  } catch (error) {
    if (mine !== turn) return;
    // A page that does not exist is not asked for again. The folder exists, or will.
    if (!id || !host.folder) setTimeout(() => mine === turn && show(), AGAIN);
    main.replaceChildren(h("p", { class: "empty", role: "alert" }, problemText(error), " ", id ? h("a", { href: "#/" }, t("folder.back")) : null));
  }
}

await Promise.all([loadLanguage(), loadIcons()]);
frame();
connection.addEventListener("change", showLost);
events.addEventListener("page", ({ detail }) => host.list.note(detail));
events.addEventListener("again", async () => {
  const folder = await get("/folder").catch(() => null);
  if (folder && host.folder && folder.output !== host.folder.output) {
    history.replaceState(null, "", "#/");
    location.reload();
  } else if (!view) await show();
});
window.addEventListener("hashchange", show);
// A file that is dropped where nothing takes it would replace the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
}
bind({ "Shift+(\\?|Slash)": showHelp });
await Promise.all([show(), host.jobs.find()]);
listen();
