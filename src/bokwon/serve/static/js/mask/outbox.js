// Strokes that have not reached the server, kept in the browser: a closed tab or a reload loses none.

const STORE = "strokes";

let opened;

function database() {
  opened ??= new Promise((resolve) => {
    const request = indexedDB.open("bokwon", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true }).createIndex("page", "page");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null); // private windows of some browsers have no storage; the queue in memory remains
  });
  return opened;
}

async function act(mode, work) {
  const store = (await database())?.transaction(STORE, mode).objectStore(STORE);
  if (!store) return null;
  const request = work(store);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Keep a stroke {box, delta, value} of a page until `drop`. */
export function keep(page, entry) {
  const { box, delta, value } = entry;
  entry.kept = act("readwrite", (store) => store.add({ page, box, delta, value }));
}

export async function drop(entry) {
  const key = await entry.kept;
  if (key !== undefined && key !== null) await act("readwrite", (store) => store.delete(key));
}

/** The kept strokes of a page, oldest first. */
export async function of(page) {
  const keys = (await act("readonly", (store) => store.index("page").getAllKeys(page))) ?? [];
  const entries = (await act("readonly", (store) => store.index("page").getAll(page))) ?? [];
  return entries.map((entry, i) => ({ ...entry, kept: Promise.resolve(keys[i]) }));
}
