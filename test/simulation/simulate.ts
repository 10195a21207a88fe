// `npm run simulate`: hours of a cluster in seconds, by a seed.
import { parseArgs } from 'node:util'
import { runSimulation } from './run-simulation.ts'
import { VirtualTime } from './virtual-time.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    hours: { type: 'string', default: '10' },
    quiet: { type: 'boolean' },
  },
})
const [seed, hours] = [Number(values.seed), Number(values.hours)]
if (!Number.isSafeInteger(seed) || !(hours > 0)) {
  console.error('Usage: npm run simulate -- [--seed NUMBER] [--hours NUMBER] [--quiet]')
  process.exit(2)
}
console.log(`seed ${seed}, ${hours} hours`)
const began = process.hrtime.bigint()
const report = (line: string) => {
  if (values.quiet !== true) console.log(line)
}
const { broken, bindings, evictions, revision, digest } = await runSimulation({ time: new VirtualTime(seed), seed, hours, report })
const seconds = Number(process.hrtime.bigint() - began) / 1e9
console.log(
  `${bindings} pods bound, ${evictions} evictions counted, ${revision} revisions in ${seconds.toFixed(0)} s: ${broken.length} violations`,
)
console.log(`digest ${digest}`)
for (const { rule, text } of broken) console.log(`${rule}: ${text}`)
// What is left of the cluster waits for timers that never come.
process.exit(broken.length === 0 ? 0 : 1)
