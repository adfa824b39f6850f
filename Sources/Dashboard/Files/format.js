// Numbers, times and sizes as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const count = number => whole.format(number ?? 0);

/** "1 picture", "12 pictures". */
export const several = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

export const rate = perMinute => perMinute === undefined || perMinute === null ? '' :
  perMinute >= 10 ? `${whole.format(perMinute)}/min` : `${short.format(perMinute)}/min`;

/** A duration in at most two units: "42 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds) {
  if (seconds === undefined || seconds === null) return '';
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${short.format(seconds)} s`;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min${all < 600 && all % 60 ? ` ${all % 60} s` : ''}`;
  if (all < 86400) return `${Math.floor(all / 3600)} h ${Math.floor(all % 3600 / 60)} min`;
  return `${Math.floor(all / 86400)} d ${Math.floor(all % 86400 / 3600)} h`;
}

/** "just now", "3 min ago", a date for what is older than a day. */
export function ago(time, now = Date.now()) {
  const seconds = (now - new Date(time)) / 1000;
  if (seconds < 5) return 'just now';
  if (seconds < 86400) return `${duration(seconds).split(' ').slice(0, 2).join(' ')} ago`;
  return new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
}

export const clock = time => new Date(time).toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit',
  hour12: false });

export const exact = time => new Date(time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium',
  hour12: false });

/** The beginning of a digest. */
export const brief = digest => digest ? digest.slice(0, 12) : '';

export const stageNames = { embed: 'Prior', denoise: 'Decoder', upsample: 'Upsampler' };

/** What people call a state. */
export const stateNames = {
  active: 'Running',
  paused: 'Paused',
  completed: 'Done',
  cancelled: 'Cancelled',
  pending: 'Waiting',
  failed: 'Failed',
  connected: 'Working',
  draining: 'Leaving',
  missing: 'Missing',
  stalled: 'Stalled',
  quarantined: 'Set apart',
};

/** A file's name: letters and digits of a text, at most eight words, as a fetch has it. */
export function fileName(item, index, isSeveral, title) {
  const words = (title ?? '').toLowerCase().match(/[a-z0-9]+/g)?.slice(0, 8).join('-').slice(0, 60) ?? '';
  return String(item).padStart(6, '0') + (isSeveral ? `-${index}` : '') + (words ? `-${words}` : '') + '.png';
}
