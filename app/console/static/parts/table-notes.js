// What was guessed or odd while a table was read, and reading it again as somebody decides.
import { get, getPipelines, post } from '../api.js';
import { h, icon } from '../dom.js';
import { formatNumber, plural } from '../format.js';
import { go } from '../router.js';
import { confidenceLabel, confidenceMark } from './confidence.js';
import { plainForm } from './plain-form.js';
import { schemaForm } from './schema-form.js';

/** @import { BatchCreated, JobDetail, JsonSchema, TableNote } from '../../api.d.ts' */

const PIPELINE = 'data-report';
/** What of the pipeline's parameters says how a file is read, in the order of the form. */
const CHOICES = ['decimal', 'date_order', 'encoding', 'header', 'delimiter', 'sheet'];
/** Those whose value is one of the choices that a note gives, and no other. */
const FROM_FILE = ['sheet'];

/** @type {Record<string, string>} */
const MEANINGS = {
  check: 'Something was guessed: compare the report with the file.',
  low: 'The reading may be wrong in much: look at the file itself.',
};

/** @param {string | null | undefined} confidence */
export const tableConfidence = (confidence) => confidenceLabel(confidence, MEANINGS);

/** @param {TableNote} note */
function whereText({ count, columns, in_columns: names, lines, examples }) {
  const shown = names?.slice(0, 3).join(', ') ?? '';
  const more = (columns ?? 0) - 3;
  return [
    names?.length && `in ${shown}${more > 0 ? ` and ${plural(more, 'more column')}` : ''}`,
    count > 1 && `${formatNumber(count)} times`,
    lines?.length && `${lines.length === 1 ? 'line' : 'lines'} ${lines.slice(0, 5).join(', ')}`,
    examples?.length && `for example ${examples.slice(0, 3).join('; ')}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** @param {TableNote} note */
const row = (note) =>
  h(
    'li',
    { 'data-state': confidenceMark(note.confidence)?.[0] },
    `${note.message} `,
    h('span.dim', h('code', note.code), ' ', whereText(note)),
    note.parameter ? h('span.dim', '. Overruled by ', h('code', note.parameter), '.') : null,
  );

/**
 * The notes of a table under how sure it was read; null where there are none and it was.
 * @param {string | null | undefined} confidence
 * @param {TableNote[] | null | undefined} notes
 */
export function tableNotes(confidence, notes) {
  const mark = confidenceMark(confidence);
  if (!mark && !notes?.length) return null;
  return h(
    'div.note.reading',
    { 'data-state': mark?.[0], role: 'group', 'aria-label': 'How sure the reading is' },
    icon('warning'),
    h(
      'div.stack.tight',
      mark ? h('p', h('b', `${mark[1]}. `), MEANINGS[confidence ?? '']) : h('p', 'Read well, with remarks.'),
      notes?.length ? h('ul.remarks', notes.map(row)) : null,
    ),
  );
}

/**
 * The parameters that say how a file is read, those that a note names first, with what it offers.
 * @param {JsonSchema} schema
 * @param {TableNote[]} notes
 * @returns {JsonSchema}
 */
function choicesOf(schema, notes) {
  const noted = notes.flatMap(({ parameter }) => (parameter ? [parameter] : []));
  const names = [...new Set([...noted, ...CHOICES])].filter((name) => schema.properties?.[name]);
  const properties = names.map((name) => {
    const spec = { ...schema.properties?.[name] };
    const offered = notes.filter(({ parameter }) => parameter === name).flatMap(({ choices }) => choices ?? []);
    if (!offered.length) return [name, spec];
    if (FROM_FILE.includes(name)) return [name, { title: spec.title, description: spec.description, enum: offered }];
    return [name, { ...spec, description: [spec.description, `Here: ${offered.join(', ')}.`].join(' ') }];
  });
  return { ...schema, properties: Object.fromEntries(properties), required: [] };
}

/**
 * A fold with a form that reads one file again; what it is filled with, it loads when it is opened.
 * @param {{ batchId: string, jobId: string, notes?: TableNote[] | null }} file
 */
export function readAgain({ batchId, jobId, notes }) {
  const room = h('div.stack');
  const fold = h('details.stack.read-again', h('summary', 'Read again…'), room);

  async function draw() {
    /** @type {Promise<{ job: JobDetail }>} */
    const answer = get(`/api/jobs/${jobId}`);
    const [pipelines, { job }] = await Promise.all([getPipelines(), answer]);
    const schema = pipelines.find(({ key }) => key === PIPELINE)?.params_schema ?? {};
    const box = h('div.params');
    const form = schemaForm(box, choicesOf(schema, notes ?? []), `again-${jobId}`);
    const { settings, total_pipelines: several } = job.batch;
    form.fill(/** @type {Record<string, unknown>} */ (several > 1 ? (settings[PIPELINE] ?? {}) : settings));
    async function send() {
      const params = form.read();
      if (!params) return;
      /** @type {BatchCreated} */
      const made = await post(`/api/batch-reports/${batchId}/files/${jobId}/read-again`, { params });
      go(`#/batches/${made.batch_id}`);
    }
    room.replaceChildren(
      h('p.dim', 'The file becomes a batch of its own. This report stays, to be compared with.'),
      plainForm([box], 'Read again', send, { place: form.showErrors }),
    );
  }

  fold.addEventListener('toggle', () => {
    if (!fold.open || room.firstChild) return;
    draw().catch((error) => room.replaceChildren(h('p.error', { role: 'alert' }, error.message)));
  });
  return fold;
}
