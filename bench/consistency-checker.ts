// How long the checker of histories takes for a million operations, and how much memory. Run: `node bench/consistency-checker.ts [operations]`.
import { checkHistory } from '../test/consistency/check-history.ts'
import { makeHistory } from '../test/consistency/made-history.ts'
import { Random } from '../test/consistency/random.ts'

const operations = Number(process.argv[2] ?? 1_000_000)
const history = makeHistory(operations, new Random(1), 200)
const events = history.watches.reduce((sum, { records }) => sum + records.length, 0)
const before = process.memoryUsage().rss
const began = performance.now()
const violations = checkHistory(history)
const seconds = (performance.now() - began) / 1000
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
console.log(
  `${operations} operations and ${events} watch events: ${seconds.toFixed(1)} s, ` +
    `${mebibytes(before)} MiB with the history, ${mebibytes(process.memoryUsage().rss)} MiB at the end, ${violations.length} violations`,
)
for (const { rule, text } of violations) console.log(`${rule}: ${text}`)
process.exitCode = violations.length === 0 ? 0 : 1
