// A program on a client that openapi-typescript made: it submits files, follows them, and meets three problems.
// `node follow-batch.js URL KEY` prints what it saw as JSON.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Problem = components['schemas']['Problem'];

declare const process: { argv: string[] };

const [url = '', key = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
const stranger = createClient<paths>({ baseUrl: url, headers: { Authorization: 'Bearer unknown' } });

function problemOf(problem: Problem | undefined): [number, string] {
  if (!problem) throw new Error('no problem');
  return [problem.status, problem.code];
}

function present<T>(value: T | undefined, error: Problem | undefined): T {
  if (value === undefined) throw new Error(JSON.stringify(error));
  return value;
}

const submitted = await client.POST('/api/jobs/batch', {
  body: { pipeline: 'checksum', files: ['one', 'two'] },
  bodySerializer: ({ pipeline, files = [] }) => {
    const form = new FormData();
    form.append('pipeline', pipeline ?? '');
    files.forEach((text, at) => form.append('files', new Blob([text]), `${at}.txt`));
    return form;
  },
});
const created = present(submitted.data, submitted.error);
const path = { batch_id: created.batch_id };
const stream = await client.GET('/api/batches/{batch_id}/events', {
  params: { path },
  headers: { Accept: 'text/event-stream' },
  parseAs: 'text',
});
const events = present(stream.data, stream.error);
const found = await client.GET('/api/batches/{batch_id}', { params: { path } });
const batch = present(found.data, found.error).batch;
const unknown = { batch_id: '00000000-0000-0000-0000-000000000000' };
const problems = [
  problemOf((await client.GET('/api/batches/{batch_id}', { params: { path: unknown } })).error),
  problemOf((await client.POST('/api/batches/{batch_id}/pause', { params: { path } })).error),
  problemOf((await client.POST('/api/batches', { body: { pipeline: 'none' } })).error),
  problemOf((await stranger.GET('/api/batches/{batch_id}', { params: { path } })).error),
];
console.log(
  JSON.stringify({
    status: batch.status,
    files: batch.jobs.map((job) => job.filename),
    events: events.split('\n').flatMap((line) => (line.startsWith('event: ') ? [line.slice(7)] : [])),
    problems,
  }),
);
