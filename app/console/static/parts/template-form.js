// The forms of a template: made from a batch, written from scratch, or edited.
import { errorText, get, getPipelines, patch, post } from '../api.js';
import { h } from '../dom.js';
import { plural } from '../format.js';
import { field, fillSelect, plainForm, readOnlyField } from './plain-form.js';
import { schemaForm } from './schema-form.js';

/** @import { Batch, FieldError, ItemSource, Pipeline, Template, TemplateOptions, TemplateSource } from '../../api.d.ts' */
/** @import { Choice } from '../../types.d.ts' */
/** @import { FormTools } from './master-detail.js' */

const KEPT = 'kept';
/** @param {string} [value] */
const nameInput = (value) => h('input.input', { maxlength: 200, autocomplete: 'off', value });

/** @param {FormTools<Template>} tools */
export function fromBatch({ params, saved }) {
  const batchId = params.get('from');
  const name = nameInput();
  const useName = async () => {
    /** @type {{ batch: Batch }} */
    const { batch } = await get(`/api/batches/${batchId}`);
    name.value ||= batch.name;
  };
  useName().catch(() => {});
  return plainForm(
    [
      h('p.intro', 'The template takes over the pipeline, the parameters, the options and the items of the batch.'),
      field('template-name', 'Name', name),
    ],
    'Save template',
    async () => saved(await post('/api/templates', { name: name.value.trim(), from_batch: batchId })),
  );
}

/**
 * Where the items come from. `read()` gives undefined for items that stay as they are, null after it has shown what is
 * wrong.
 * @param {ItemSource[]} sources
 * @param {TemplateSource} [now]
 * @param {number | null} [count] how many items it names: lists leave long ones out
 */
function sourceFields(sources, now, count) {
  /** @type {Choice[]} */
  const kinds = [
    ['items', 'no items: each run brings its own'],
    ['files', 'all files with a tag'],
    ...sources.map(({ key, title }) => /** @type {Choice} */ ([`rows:${key}`, title])),
  ];
  if (count) kinds.unshift([KEPT, `the same ${plural(count, 'item')}`]);
  const current = now?.type === 'rows' ? `rows:${now.source}` : count ? KEPT : now?.type;
  const kind = fillSelect(h('select.input'), kinds, current ? [current, now?.source ?? current] : null);
  const tag = h('input.input', { maxlength: 100, autocomplete: 'off', value: now?.tag });
  const tagField = field('template-tag', 'Tag', tag);
  const filter = h('div.params');
  /** @type {ReturnType<typeof schemaForm> | null} */
  let form = null;
  const draw = () => {
    const source = sources.find(({ key }) => kind.value === `rows:${key}`);
    tagField.hidden = kind.value !== 'files';
    filter.hidden = !source;
    form = source ? schemaForm(filter, source.filter_schema, 'filter') : null;
    if (form && kind.value === current) form.fill(now?.filter ?? {});
  };
  kind.addEventListener('change', draw);
  draw();
  return {
    nodes: [field('template-source', 'Items', kind), tagField, filter],
    /** @returns {TemplateSource | null | undefined} */
    read() {
      if (kind.value === 'items') return { type: 'items', items: [] };
      if (kind.value === 'files') return { type: 'files', tag: tag.value.trim() };
      // A source that is not installed here has no form; it stays as it is, as the same items do.
      if (!form) return undefined;
      const values = form.read();
      return values && { type: 'rows', source: kind.value.slice(5), filter: values };
    },
  };
}

/**
 * Which pipeline, with its parameters. `read()` gives the members of the options, null after it has shown what is wrong.
 * @param {Pipeline[]} pipelines
 * @param {TemplateOptions} [options]
 */
function pipelineFields(pipelines, options) {
  const names = [options?.pipeline, ...(options?.pipelines ?? [])].filter((name) => name != null);
  const [first] = names;
  const current = first ? pipelines.find(({ key, id }) => first === key || first === String(id)) : pipelines[0];
  if (names.length > 1 || !current) {
    const label = names.length > 1 ? 'Pipelines' : 'Pipeline';
    return {
      nodes: [readOnlyField(label, names.join(', '), 'Pipelines and parameters stay as they are.')],
      read: () => ({}),
      place: (/** @type {FieldError[]} */ errors) => errors,
    };
  }
  const choices = pipelines.map(({ key, title }) => /** @type {Choice} */ ([key, title]));
  const pipeline = fillSelect(h('select.input'), choices, [current.key, current.title]);
  const params = h('div.params');
  const draw = () => {
    const chosen = pipelines.find(({ key }) => key === pipeline.value) ?? current;
    const made = schemaForm(params, chosen.params_schema);
    if (options && chosen === current) made.fill(options.params ?? {});
    return made;
  };
  let form = draw();
  pipeline.addEventListener('change', () => {
    form = draw();
  });
  return {
    nodes: [field('template-pipeline', 'Pipeline', pipeline), params],
    read() {
      const values = form.read();
      return values && { pipeline: pipeline.value, pipelines: undefined, params: values };
    },
    /** @param {FieldError[]} errors */
    place(errors) {
      /** @param {FieldError} error */
      const isOwn = ({ loc }) => loc[1] === 'params';
      return [...form.showErrors(errors.filter(isOwn)), ...errors.filter((error) => !isOwn(error))];
    },
  };
}

/** @param {FormTools<Template>} tools @param {Template} [template] */
export function templateForm({ saved, cancel }, template) {
  const name = nameInput(template?.name);
  const about = h('textarea.input', { rows: 2, maxlength: 10_000 }, template?.description ?? '');
  const box = h('div.stack');

  async function draw() {
    const [pipelines, { item_sources: sources }] = await Promise.all([
      getPipelines(),
      /** @type {Promise<{ item_sources: ItemSource[] }>} */ (get('/api/item-sources')),
    ]);
    const pipeline = pipelineFields(pipelines, template?.options);
    const source = sourceFields(sources, template?.source, template?.items_count);
    const fields = [
      field('template-name', 'Name', name),
      field('template-description', 'What it is for', about),
      ...pipeline.nodes,
      ...source.nodes,
    ];

    async function send() {
      const options = pipeline.read();
      const items = source.read();
      if (!options || items === null) return;
      const body = {
        name: name.value.trim(),
        description: about.value.trim() || null,
        options: { ...template?.options, ...options },
        source: items,
      };
      saved(await (template ? patch(`/api/templates/${template.id}`, body) : post('/api/templates', body)));
    }

    box.append(plainForm(fields, 'Save template', send, { cancel, place: pipeline.place }));
  }

  draw().catch((error) => box.append(h('p.error', errorText(error))));
  return box;
}
