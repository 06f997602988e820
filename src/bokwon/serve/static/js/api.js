// The HTTP interface: JSON in and out, problems as exceptions, and whether the server answers.

import { language } from "./i18n.js";

const ROOT = "api/v1";

/** What the server refused, as its problem document says it. */
export class Problem extends Error {
  constructor(status, { title, detail, fix } = {}, later = false) {
    super(title ?? `HTTP ${status}`);
    // `later`: the server is busy, and the same request may succeed after a while.
    Object.assign(this, { status, detail: detail ?? "", fix: fix ?? "", later });
  }
}

/** The server does not answer, or does not know this browser any more. What was to be sent waits. */
export class Lost extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** @type {EventTarget & {lost: string|null}} "lost" is null, "connection" or "session". */
export const connection = Object.assign(new EventTarget(), { lost: null });

export function setLost(reason) {
  if (connection.lost === reason) return;
  connection.lost = reason;
  connection.dispatchEvent(new Event("change"));
}

export function url(path) {
  return `${ROOT}${path}`;
}

async function send(method, path, { json, body, version, signal } = {}) {
  // The reader's choice, which may not be the browser's.
  const headers = { "Accept-Language": language };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  else if (body) headers["Content-Type"] = body.type || "application/octet-stream";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  let response;
  try {
    response = await fetch(url(path), { method, headers, signal, body: json === undefined ? body : JSON.stringify(json) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    setLost("connection");
    throw new Lost("connection");
  }
  if (response.status === 401) {
    setLost("session");
    throw new Lost("session");
  }
  setLost(null);
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Problem(response.status, told, response.headers.has("Retry-After"));
}

/** Send a request and return its JSON. */
async function call(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

/** Send a request and return its response. */
export const raw = send;

export const get = (path) => call("GET", path);
export const post = (path, json = {}, version) => call("POST", path, { json, version });
