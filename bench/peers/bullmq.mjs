// Jobs of three steps in BullMQ, from the adding to the last job's end: PEERS SOCKET JOBS AT_ONCE; prints the seconds.
//
// A step is what BullMQ's own guide calls a process step job: where the job is stands in its data, and each step but the
// last, whose record is the job's end, writes it. Nothing is read back, and the worker lives in the same process.
import { createRequire } from "node:module";

const [peers, socket, jobs, atOnce] = process.argv.slice(2);
const { Queue, Worker } = createRequire(`${peers}/`)("bullmq");
const connection = { path: socket, maxRetriesPerRequest: null };
const STEPS = 3;

const queue = new Queue("steps", { connection });
let left = 0;
let ended;
const worker = new Worker(
  "steps",
  async (job) => {
    for (let step = 1; step < STEPS; step += 1) await job.updateData({ ...job.data, step });
  },
  { connection, concurrency: Number(atOnce) },
);
worker.on("completed", () => {
  left -= 1;
  if (left === 0) ended();
});

async function run(count) {
  left = count;
  const done = new Promise((resolve) => {
    ended = resolve;
  });
  const began = performance.now();
  await queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: "job", data: { n, step: 0 } })));
  await done;
  return (performance.now() - began) / 1000;
}

await worker.waitUntilReady();
await run(100);
console.log(await run(Number(jobs)));
await worker.close();
await queue.close();
process.exit(0);
