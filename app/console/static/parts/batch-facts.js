// The small line under a batch's name, and what its pipeline says about the whole when it has ended.
import { announce, h, icon } from '../dom.js';
import { dateTime, shortDateTime } from '../format.js';

const RELATIONS = {
  retry_failed: 'retries another batch',
  restart: 'restarts another batch',
  backfill: 'imported from an older system',
  schedule: 'made by a schedule',
};

function order(batch) {
  if (batch.execution_mode === 'sequential' || batch.max_parallel === 1) return 'one at a time';
  return batch.max_parallel ? `up to ${batch.max_parallel} at once` : 'as many at once as there is room';
}

function copyId(id) {
  const short = `${id.slice(0, 8)}…${id.slice(-4)}`;
  const copy = async () => {
    await navigator.clipboard?.writeText(id);
    announce('Id copied');
  };
  // Browsers give pages without https or localhost no clipboard; the id can then only be selected.
  if (!navigator.clipboard) return h('span.mono', { title: id }, id);
  return h('button.copy.mono', { title: `Copy ${id}`, onclick: copy }, h('span.sr', 'Copy id '), short, icon('copy'));
}

function settings(batch) {
  const entries = Object.entries(batch.settings ?? {});
  const plain = entries.filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value) && value !== '');
  const formatValue = (value) => ({ true: 'yes', false: 'no' })[value] ?? String(value);
  return plain.map(([name, value]) => h('span', `${name.replaceAll('_', ' ')} `, h('b', formatValue(value))));
}

function summary(batch) {
  const entries = Object.entries(batch.summary_data ?? {});
  const plain = entries.filter(([, value]) => ['string', 'number'].includes(typeof value));
  return plain.map(([name, value]) => h('span', `${name.replaceAll('_', ' ')} `, h('b', String(value))));
}

function origin({ parent_batch_id: parent, relation }) {
  const label = RELATIONS[relation] ?? (parent && 'made from another batch');
  return parent ? h('a', { href: `#/batches/${parent}` }, label) : label && h('span', label);
}

export function batchFacts(box, batch) {
  const started = batch.started_at ?? batch.created_at;
  const by = batch.created_by?.name;
  const facts = [
    h('span', h('b', batch.pipeline.title)),
    h('span', order(batch)),
    h(
      'span',
      { title: dateTime(started) },
      `${batch.started_at ? 'started' : 'created'} ${shortDateTime(started)}`,
      by && ' by ',
      by && h('b', by),
    ),
    origin(batch),
    batch.archived_at && h('span', { title: dateTime(batch.archived_at) }, 'archived'),
    ...settings(batch),
    copyId(batch.id),
    ...summary(batch),
  ];
  box.replaceChildren(...facts.filter(Boolean));
}
