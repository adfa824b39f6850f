// Keeps a page up to date: by the coordinator's events where it sends any, else by asking every two seconds. Nothing is
// asked while nobody looks.

const pause = 2000;
/** What events do not tell is asked for more seldom. */
const slowPause = 10_000;
const names = ['cluster', 'job', 'worker', 'worker_left', 'pictures', 'reset'];

/** Calls `refresh` at once and every so often. `path` is that of the events to listen to, or null. `heard(name, facts)`
 *  is told of each, and says whether that is more than it can show by itself, so that `refresh` has to ask.
 *  Returns what ends it. */
export function follow(path, refresh, heard = () => true) {
  let timer = 0,
    soon = 0,
    source = null,
    isAsking = false,
    isDue = false,
    isOver = false,
    isTold = false;

  async function ask() {
    clearTimeout(timer);
    if (isOver || document.hidden) return;
    if (isAsking) { isDue = true; return; }
    isAsking = true;
    isDue = false;
    try { await refresh(); } finally { isAsking = false; }
    if (!isOver) timer = setTimeout(ask, isDue || !isTold ? pause : slowPause);
  }

  function listen() {
    if (isOver || source || document.hidden || !path) return;
    source = new EventSource('/api/v1/' + path);
    for (const name of names) {
      source.addEventListener(name, event => {
        isTold = true;
        const wantsMore = heard(name, JSON.parse(event.data));
        // Many at once make one question.
        if (wantsMore && !soon) soon = setTimeout(() => {
          soon = 0;
          ask();
        }, pause);
      });
    }
    source.onerror = () => {
      isTold = false;
      // One that will not come: ask instead.
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        path = null;
      }
      clearTimeout(timer);
      timer = setTimeout(ask, pause);
    };
  }

  function look() {
    if (document.hidden) {
      source?.close();
      source = null;
      isTold = false;
      clearTimeout(timer);
    } else {
      listen();
      ask();
    }
  }
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(soon);
    source?.close();
    document.removeEventListener('visibilitychange', look);
  };
}

/** A list with one of its entries, known by its `id`, replaced; a new one goes to the front. */
export function replaced(list, entry) {
  return list.some(other => other.id === entry.id) ? list.map(other => other.id === entry.id ? entry : other) : [entry,
    ...list];
}
