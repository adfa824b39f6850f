// Keeps a page up to date: by the coordinator's events where it sends any, else by asking every two seconds. Nothing is
// asked while nobody looks.

const pause = 2000;
/** With events, a question now and then keeps rates and times right. */
const slowPause = 10000;

/** Calls `refresh` at once, whenever something happened, and every so often. `path` is that of the events to listen to.
 *  Returns what ends it. */
export function follow(path, refresh, listener = () => {}) {
  let timer = 0, source = null, isAsking = false, isDue = false, isOver = false, isTold = false;

  async function ask() {
    clearTimeout(timer);
    if (isOver || document.hidden) return;
    if (isAsking) { isDue = true; return; }
    isAsking = true;
    isDue = false;
    try { await refresh(); } finally { isAsking = false; }
    if (!isOver) timer = setTimeout(ask, isDue ? 500 : isTold ? slowPause : pause);
  }

  // Many events at once make one question.
  let soon = 0;
  function changed(event) {
    isTold = true;
    listener(event);
    if (!soon) soon = setTimeout(() => { soon = 0; ask(); }, 700);
  }

  function listen() {
    if (isOver || source || document.hidden || !path) return;
    source = new EventSource('/api/v1/' + path);
    for (const name of ['message', 'job', 'picture', 'worker', 'cluster', 'progress', 'completed', 'failed', 'preview']) {
      source.addEventListener(name, changed);
    }
    source.onerror = () => {
      isTold = false;
      // One that will not come: ask instead.
      if (source?.readyState === EventSource.CLOSED) { source = null; path = null; }
    };
  }

  function looked() {
    if (document.hidden) { source?.close(); source = null; clearTimeout(timer); } else { listen(); ask(); }
  }
  document.addEventListener('visibilitychange', looked);
  listen();
  ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(soon);
    source?.close();
    document.removeEventListener('visibilitychange', looked);
  };
}
