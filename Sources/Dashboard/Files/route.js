// Addresses within the page: all that can be looked at has one, behind the `#`.
//
//   #/                             what goes on now
//   #/jobs/JOB?state=failed&text=  a job, with a filter
//   #/jobs/JOB/ITEM/INDEX          one of its pictures
//   #/try/KIND?...                 a form, filled in
//   #/workers, #/workers/WORKER    workers, and one of them

/** The parts of the path and the values behind `?`. */
export function current() {
  const [path, values = ''] = location.hash.replace(/^#/, '').split('?');
  return { parts: path.split('/').filter(Boolean).map(decodeURIComponent), values: new URLSearchParams(values) };
}

/** An address from parts and values; values that are empty are left out. */
export function address(parts, values = {}) {
  const list = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return '#/' + parts.map(encodeURIComponent).join('/') + (list.length ? '?' + new URLSearchParams(list) : '');
}

export const jobAddress = (job, values) => address(['jobs', job], values);
export const pictureAddress = (job, item, index, values) => address(['jobs', job, item, index], values);
export const workerAddress = worker => address(['workers', worker]);

/** Goes there, or changes the address of where one is. */
export function go(hash, { replacing = false } = {}) {
  if (replacing) {
    history.replaceState(null, '', hash);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else location.hash = hash;
}
