// The forms of a template: taken from a batch, written anew, or changed.
import { get, patch, post } from '../api.js';
import { h } from '../dom.js';
import { plural } from '../format.js';
import { field, fillSelect, plainForm, readOnlyField } from './plain-form.js';
import { schemaForm } from './schema-form.js';

const KEPT = 'kept';
const nameInput = (value) => h('input.input', { maxlength: 200, autocomplete: 'off', value });

export function fromBatch({ params, saved }) {
  const batchId = params.get('from');
  const name = nameInput();
  get(`/api/batches/${batchId}`).then(
    ({ batch }) => {
      name.value ||= batch.name;
    },
    () => {},
  );
  return plainForm(
    [
      h('p.intro', 'Takes the pipeline, the parameters, the options and the items of that batch.'),
      field('template-name', 'Name', name),
    ],
    'Save template',
    async () => saved(await post('/api/templates', { name: name.value.trim(), from_batch: batchId })),
  );
}

/** Where the items come from. `read()` gives undefined for items that stay as they are, null after it has complained. */
function sourceFields(sources, now) {
  const kinds = [
    ['items', 'nothing: each run brings its own'],
    ['files', 'the files with a tag'],
    ...sources.map(({ key, title }) => [`rows:${key}`, title]),
  ];
  if (now?.items?.length) kinds.unshift([KEPT, `the same ${plural(now.items.length, 'item')}`]);
  const current = now?.type === 'rows' ? `rows:${now.source}` : now?.items?.length ? KEPT : now?.type;
  const kind = fillSelect(h('select.input'), kinds, current && [current, now.source]);
  const tag = h('input.input', { maxlength: 100, autocomplete: 'off', value: now?.tag });
  const tagField = field('template-tag', 'Tag', tag);
  const filter = h('div.params');
  let form = null;
  const draw = () => {
    const source = sources.find(({ key }) => kind.value === `rows:${key}`);
    tagField.hidden = kind.value !== 'files';
    filter.hidden = !source;
    form = source ? schemaForm(filter, source.filter_schema, 'filter') : null;
    if (form && kind.value === current) form.fill(now.filter);
  };
  kind.addEventListener('change', draw);
  draw();
  return {
    nodes: [field('template-source', 'Takes', kind), tagField, filter],
    read() {
      if (kind.value === 'items') return { type: 'items', items: [] };
      if (kind.value === 'files') return { type: 'files', tag: tag.value.trim() };
      const values = form?.read();
      // A source that is not installed here has no form; it stays as it is, as the same items do.
      return form ? values && { type: 'rows', source: kind.value.slice(5), filter: values } : undefined;
    },
  };
}

/** Which pipeline, with its parameters. `read()` gives the members of the options, null after it has complained. */
function pipelineFields(pipelines, options) {
  const names = [options?.pipeline, ...(options?.pipelines ?? [])].filter(Boolean);
  const current = names.length ? pipelines.find(({ key, id }) => names[0] === key || names[0] === id) : pipelines[0];
  if (names.length > 1 || !current) {
    return {
      nodes: [
        readOnlyField(
          names.length > 1 ? 'Pipelines' : 'Pipeline',
          names.join(', '),
          'They and their parameters stay as they are.',
        ),
      ],
      read: () => ({}),
      place: (errors) => errors,
    };
  }
  const pipeline = fillSelect(
    h('select.input'),
    pipelines.map(({ key, title }) => [key, title]),
    [current.key],
  );
  const params = h('div.params');
  let form = null;
  const draw = () => {
    form = schemaForm(params, pipelines.find(({ key }) => key === pipeline.value).params_schema);
    if (options && pipeline.value === current.key) form.fill(options.params ?? {});
  };
  pipeline.addEventListener('change', draw);
  draw();
  return {
    nodes: [field('template-pipeline', 'Pipeline', pipeline), params],
    read() {
      const values = form.read();
      return values && { pipeline: pipeline.value, pipelines: undefined, params: values };
    },
    place(errors) {
      const own = (loc) => loc[1] === 'params';
      return [...form.showErrors(errors.filter(({ loc }) => own(loc))), ...errors.filter(({ loc }) => !own(loc))];
    },
  };
}

export function written({ saved, cancel }, template) {
  const name = nameInput(template?.name);
  const about = h('textarea.input', { rows: 2, maxlength: 10_000 }, template?.description ?? '');
  const box = h('div.stack');
  Promise.all([get('/api/pipelines'), get('/api/item-sources')]).then(
    ([{ pipelines }, { item_sources: sources }]) => {
      const which = pipelineFields(pipelines, template?.options);
      const source = sourceFields(sources, template?.source);
      box.append(
        plainForm(
          [
            field('template-name', 'Name', name),
            field('template-description', 'What it is for', about),
            ...which.nodes,
            ...source.nodes,
          ],
          'Save template',
          async () => {
            const options = which.read();
            const items = source.read();
            if (!options || items === null) return;
            const body = {
              name: name.value.trim(),
              description: about.value.trim() || null,
              options: { ...template?.options, ...options },
              source: items,
            };
            saved(await (template ? patch(`/api/templates/${template.id}`, body) : post('/api/templates', body)));
          },
          { cancel, place: which.place },
        ),
      );
    },
    (error) => box.append(h('p.error', error.message)),
  );
  return box;
}
