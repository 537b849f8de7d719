import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Loaded before a server (`node --import`). Replies to each message of the parent process with the longest turns of the event
 * loop since the previous message, in milliseconds: `longest` on the clock, and `processor` as processor time of the main
 * thread, which does not depend on other programs.
 */
const resolution = 5;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
let used = mainThreadMs();
let processor = 0;
setInterval(() => {
  const now = mainThreadMs();
  processor = Math.max(processor, now - used);
  used = now;
}, resolution).unref();

process.on('message', () => {
  process.send?.({ longest: Math.max(0, delay.max / 1e6 - resolution), processor });
  delay.reset();
  processor = 0;
});
// The channel to the parent process alone must not keep the server running.
process.channel?.unref();

function mainThreadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
