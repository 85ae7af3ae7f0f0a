// The small line under a batch's name, and what its pipeline says about the whole when it has ended.
import { announce, h, icon, nodesOf } from '../dom.js';
import { dateTime, isPlain, labelOf, plainText, shortDateTime } from '../format.js';

/** @import { Batch } from '../../api.d.ts' */

/** @type {Record<string, string>} */
const RELATIONS = {
  retry_failed: 'retries another batch',
  restart: 'restarts another batch',
  backfill: 'imported from an older system',
  schedule: 'created by a schedule',
};

/** @param {Batch} batch */
function order(batch) {
  if (batch.execution_mode === 'sequential' || batch.max_parallel === 1) return 'one job at a time';
  return batch.max_parallel ? `up to ${batch.max_parallel} jobs at once` : 'as many jobs at once as there are slots';
}

/** @param {string} id */
function copyId(id) {
  const short = `${id.slice(0, 8)}…${id.slice(-4)}`;
  const copy = async () => {
    await navigator.clipboard?.writeText(id);
    announce('ID copied');
  };
  // Browsers give pages without https or localhost no clipboard; the id can then only be selected.
  if (!navigator.clipboard) return h('span.mono', { title: id }, id);
  return h('button.copy.mono', { title: `Copy ${id}`, onclick: copy }, h('span.sr', 'Copy ID '), short, icon('copy'));
}

/** @param {Record<string, unknown> | null} members */
function plainFacts(members) {
  return Object.entries(members ?? {}).map(
    ([name, value]) => isPlain(value) && value !== '' && h('span', `${labelOf(name)} `, h('b', plainText(value))),
  );
}

/** @param {Batch} batch */
function origin({ parent_batch_id: parent, relation }) {
  const label = RELATIONS[relation ?? ''] ?? (parent && 'created from another batch');
  return parent ? h('a', { href: `#/batches/${parent}` }, label) : label && h('span', label);
}

/** @param {Batch} batch */
function customer({ customer_prefix: prefix, mixed_customers: mixed }) {
  const others = mixed && (prefix ? ' and others' : 'files of several customers');
  return (prefix || others) && h('span', prefix && 'customer ', prefix && h('b', prefix), others);
}

/** @param {HTMLElement} box @param {Batch} batch */
export function batchFacts(box, batch) {
  const started = batch.started_at ?? batch.created_at;
  const by = batch.created_by?.name;
  const began = `${batch.started_at ? 'started' : 'created'} ${shortDateTime(started)}`;
  const facts = [
    h('span', h('b', batch.pipeline.title)),
    customer(batch),
    h('span', order(batch)),
    h('span', { title: dateTime(started) }, began, by && ' by ', by && h('b', by)),
    origin(batch),
    batch.archived_at && h('span', { title: dateTime(batch.archived_at) }, 'archived'),
    plainFacts(batch.settings),
    copyId(batch.id),
    plainFacts(batch.summary_data),
  ];
  box.replaceChildren(...nodesOf(facts));
}
