import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Loaded before a server (`node --import`): answers each message of the process that started it with the turns of the
 * event loop since the message before, in milliseconds.
 */
const resolution = 5;
const turns = monitorEventLoopDelay({ resolution });
turns.enable();
process.on('message', () => {
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution);
  process.send?.({ longest: ms(turns.max), p99: ms(turns.percentile(99)), median: ms(turns.percentile(50)) });
  turns.reset();
});
// The channel alone keeps no server alive.
process.channel?.unref();
