// Parts of the job drawer that are drawn anew when the job's state changes: the error, what went in, what came out.
import { h, icon } from '../dom.js';
import { nameOf } from '../model.js';
import { clock, exact, many, size } from '../words.js';

function lastWord(job) {
  const tries = job.retry_count + 1;
  if (job.retry_count === 0) return 'Not tried again.';
  return `Tried ${many(tries, 'time')}, gave up.`;
}

/** The error of a failed job: its code and step, what happened, what follows. */
export function faultOf(job) {
  if (job.status !== 'failed') return [];
  const step = job.steps.findLast(({ status }) => status === 'failed');
  const where = step ? [' in ', h('code', step.name)] : [];
  return [h('div.fault',
    h('p', h('code', job.error_code ?? 'FAILED'), ...where),
    job.error_message ? h('p', job.error_message) : null,
    h('p.dim', lastWord(job)))];
}

const AFTERWARDS = {
  retried: ({ retry_at: at }) => (at ? `tried again at ${clock(at)}` : 'tried again'),
  lost: () => 'put back: its worker was gone',
  failed: () => 'gave up',
};

/** Every try that went wrong, with what followed; nothing when there was but one, which the error above speaks of. */
export function triesOf(job) {
  const tries = (job.tries ?? []).filter((one) => one.error_code);
  if (job.status === 'failed' && tries.length === 1) return [];
  return tries.map((one) => h('li',
    h('time', { datetime: one.at, title: exact(one.at) }, clock(one.at)),
    h('span', h('code', one.error_code), one.step && [' in ', h('code', one.step)]),
    h('span.dim', AFTERWARDS[one.outcome](one)),
    one.message && h('p.dim', one.message)));
}

/** What each step handed to those after it, folded away. */
export function handedOn(job) {
  const steps = job.steps.filter(({ output }) => output != null && Object.keys(output).length);
  return steps.map(({ name, output }) => h('details', h('summary', h('code', name)),
    h('pre.code', { tabindex: 0 }, JSON.stringify(output, null, 2))));
}

// An address from a batch may hold any scheme; only web addresses become links.
const isWebAddress = (address) => /^https?:\/\//i.test(address ?? '');

export function inputOf(job) {
  if (job.source_type === 'record') return h('pre.code', { tabindex: 0 }, JSON.stringify(job.record, null, 2));
  const name = isWebAddress(job.source_url)
    ? h('a.cut', { href: job.source_url, target: '_blank', rel: 'noopener noreferrer' }, job.source_url)
    : h('span.cut', { title: nameOf(job) }, nameOf(job));
  const line = h('li', icon('file'), name, h('span.num.dim', size(job.file_size)));
  const sum = job.checksum
    ? h('li', h('span'), h('span.mono.dim.cut', { title: job.checksum }, `sha256 ${job.checksum}`), h('span'))
    : null;
  return h('ul.filelist', line, sum);
}

const WITHOUT_OUTPUT = {
  failed: 'None. The job failed before it wrote one.',
  cancelled: 'None. The job was cancelled.',
  skipped: 'None. The job was skipped.',
  completed: 'No files.',
};

export function outputsOf(job) {
  const outputs = (job.outputs ?? []).filter(({ url }) => url?.startsWith('/api/'));
  if (!outputs.length) return h('p.dim', WITHOUT_OUTPUT[job.status] ?? 'Not yet.');
  return h('ul.filelist', outputs.map(({ name, url, size: bytes }) => {
    const link = h('a.cut', { href: url, download: name, title: name }, name);
    return h('li', icon('file'), link, h('span.num.dim', size(bytes)));
  }));
}
