// `npm run torture`: clients, faults and the check of their history, for a time.
import { parseArgs } from 'node:util'
import { Random } from '../consistency/random.ts'
import { startEtcdWorld } from './etcd-world.ts'
import { faultsUntil, runTorture } from './run-torture.ts'
import { startSqliteWorld } from './sqlite-world.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '5' },
    store: { type: 'string', default: 'sqlite' },
  },
})
const worlds: Readonly<Record<string, typeof startSqliteWorld>> = { sqlite: startSqliteWorld, etcd: startEtcdWorld }
const [seed, minutes, start] = [Number(values.seed), Number(values.minutes), worlds[values.store]]
if (!Number.isSafeInteger(seed) || !(minutes > 0) || start === undefined) {
  console.error('Usage: npm run torture -- [--seed NUMBER] [--minutes NUMBER] [--store sqlite|etcd]')
  process.exit(2)
}
console.log(`seed ${seed}, store ${values.store}, ${minutes} minutes`)
const end = performance.now() + minutes * 60_000
await using world = await start()
const plan = faultsUntil(world.faults, new Random(seed), () => performance.now() > end)
const { violations, operations, history, surprises } = await runTorture({ world, seed, plan, report: line => console.log(line) })
const events = history.watches.reduce((sum, { records }) => sum + records.length, 0)
console.log(`${operations} operations, ${events} events of watches: ${violations.length} violations`)
for (const { rule, text } of violations) console.log(`${rule}: ${text}`)
for (const [answer, count] of surprises) console.log(`${count} unexpected answers: ${answer}`)
process.exitCode = violations.length === 0 && surprises.size === 0 ? 0 : 1
