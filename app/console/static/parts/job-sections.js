// Parts of the job drawer that are redrawn when the job's state changes: the error, the input, the output.
import { h, icon } from '../dom.js';
import { dateTime, fileSize, plural, timeOfDay } from '../format.js';
import { jobName } from '../model.js';
import { urlOf } from '../root.js';

/** @import { JobAttempt, JobDetail } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

/** @param {JobDetail} job */
function retrySummary(job) {
  if (job.retry_count === 0) return 'Not retried.';
  return `Gave up after ${plural(job.retry_count + 1, 'attempt')}.`;
}

/**
 * The error of a failed job: its code and step, what happened, what follows.
 * @param {JobDetail} job
 */
export function errorDetails(job) {
  if (job.status !== 'failed') return [];
  const step = job.steps.findLast(({ status }) => status === 'failed');
  const where = step ? [' in ', h('code', step.name)] : [];
  return [
    h(
      'div.fault',
      h('p', h('code', job.error_code ?? 'FAILED'), ...where),
      job.error_message ? h('p', job.error_message) : null,
      h('p.dim', retrySummary(job)),
    ),
  ];
}

/** @type {Record<JobAttempt['outcome'], (attempt: JobAttempt) => string>} */
const FOLLOW_UPS = {
  retried: ({ retry_at: at }) => (at ? `retried at ${timeOfDay(at)}` : 'retried'),
  lost: () => 'requeued, as its worker died',
  failed: () => 'gave up',
};

/**
 * Every failed attempt, with what followed; nothing when there was only one, which `errorDetails` shows.
 * @param {JobDetail} job
 */
export function failedAttempts(job) {
  const failed = (job.tries ?? []).filter((one) => one.error_code);
  if (job.status === 'failed' && failed.length === 1) return [];
  return failed.map((one) =>
    h(
      'li',
      h('time', { datetime: one.at, title: dateTime(one.at) }, timeOfDay(one.at)),
      h('span', h('code', one.error_code), one.step && [' in ', h('code', one.step)]),
      h('span.dim', FOLLOW_UPS[one.outcome](one)),
      one.message && h('p.dim', one.message),
    ),
  );
}

/**
 * The output of each step, collapsed.
 * @param {JobDetail} job
 */
export function stepOutputs(job) {
  const steps = job.steps.filter(({ output }) => output != null && Object.keys(output).length);
  return steps.map(({ name, output }) =>
    h('details', h('summary', h('code', name)), h('pre.code', { tabindex: 0 }, JSON.stringify(output, null, 2))),
  );
}

// An address from a batch may hold any scheme; only web addresses become links.
/** @param {string | null} address */
const isWebAddress = (address) => /^https?:\/\//i.test(address ?? '');

/** @param {JobDetail} job */
export function jobInput(job) {
  if (job.source_type === 'record') return h('pre.code', { tabindex: 0 }, JSON.stringify(job.record, null, 2));
  const name = isWebAddress(job.source_url)
    ? h('a.cut', { href: job.source_url, target: '_blank', rel: 'noopener noreferrer' }, job.source_url)
    : h('span.cut', { title: jobName(job) }, jobName(job));
  const line = h('li', icon('file'), name, h('span.num.dim', fileSize(job.file_size)));
  const sum = job.checksum
    ? h('li', h('span'), h('span.mono.dim.cut', { title: job.checksum }, `sha256 ${job.checksum}`), h('span'))
    : null;
  return h('ul.filelist', line, sum);
}

/** @type {Record<string, string>} */
const WITHOUT_OUTPUT = {
  failed: 'None: the job failed before it wrote any.',
  cancelled: 'None: the job was cancelled.',
  skipped: 'None: the job was skipped.',
  completed: 'No files.',
};

/** @param {JobDetail} job */
export function jobOutputs(job) {
  const outputs = (job.outputs ?? []).filter(({ url }) => url?.startsWith(urlOf('/api/')));
  if (!outputs.length) return h('p.dim', WITHOUT_OUTPUT[job.status] ?? 'None yet.');
  return h(
    'ul.filelist',
    outputs.map(({ name, url, size: bytes }) => {
      const link = h('a.cut', { href: url, download: name, title: name }, name);
      return h('li', icon('file'), link, h('span.num.dim', fileSize(bytes)));
    }),
  );
}
