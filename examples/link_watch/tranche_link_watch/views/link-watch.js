// Shows how one link answered.
import { h } from '../dom.js';

const answered = ({ status, trouble }) => (status ? `answered ${status}` : `did not answer (${trouble})`);

/** One short sentence for the row of the job. */
export function summary(result) {
  return answered(result);
}

/** The whole result. */
export function view(result) {
  return h('p', {}, h('a', { href: result.url, rel: 'noreferrer' }, result.url), ` ${answered(result)}.`);
}
