// What happens on the server: progress of jobs and changes of pages, also by other tabs and by the command.

import { connection, get, raw, setLost, url } from "./api.js";

/** Events "page" and "job" (detail: what the server says), and "again" after a lost connection. */
export const events = new EventTarget();

const AGAIN = 2000; // milliseconds until a closed stream is opened anew

export function listen() {
  const stream = new EventSource(url("/events"));
  stream.onopen = () => {
    const lost = connection.lost;
    setLost(null);
    if (lost) events.dispatchEvent(new Event("again"));
  };
  stream.onmessage = (message) => {
    const detail = JSON.parse(message.data);
    events.dispatchEvent(new CustomEvent(detail.type, { detail }));
  };
  stream.onerror = async () => {
    if (connection.lost === null) setLost("connection");
    if (stream.readyState !== EventSource.CLOSED) return;
    // The stream ends for good where the server does not know this browser; the next answer says so.
    await get("/folder").catch(() => {});
    setTimeout(listen, AGAIN);
  };
}

const OVER = ["done", "failed", "cancelled"];
const LOOK = 1500; // milliseconds between looks at a job, in case an event was missed

/** The first waiting or running job for which `fits` returns true; undefined if there is none. */
export async function findJob(fits) {
  const { jobs } = await get("/folder/jobs").catch(() => ({ jobs: [] }));
  return jobs.find(fits);
}

/** A job of the server that can be followed and cancelled. Event: "progress". */
export class Job extends EventTarget {
  constructor(told) {
    super();
    this.told = told;
    this.ended = new Promise((resolve) => {
      const take = (told) => {
        if (OVER.includes(this.told.state)) return;
        this.told = told;
        this.dispatchEvent(new Event("progress"));
        if (OVER.includes(told.state)) finish();
      };
      // Events are in English; the job itself is told in the reader's language.
      const again = () => get(`/jobs/${told.id}`);
      const hear = ({ detail }) => detail.id === told.id && (detail.problem ? again().then(take, () => take(detail)) : take(detail));
      const timer = setInterval(() => again().then(take, (error) => error.status === 404 && take({ ...told, state: "cancelled" })), LOOK);
      const finish = () => {
        clearInterval(timer);
        events.removeEventListener("job", hear);
        resolve(this.told);
      };
      events.addEventListener("job", hear);
      if (OVER.includes(told.state)) finish();
    });
  }

  cancel() {
    return raw("DELETE", `/jobs/${this.told.id}`);
  }
}
