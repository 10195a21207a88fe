// Durations of the schema format `duration`: Go's (`1h30m`), or numbers with words (`1 week`, `2 days and 3 hours`).
import { parseDuration } from '../values/time.ts'

const second = 1_000_000_000n
const units: readonly (readonly [nanos: bigint, exact: readonly string[], beginning: string])[] = [
  [1n, ['ns'], 'nano'],
  [1_000n, ['us', '\u00b5s'], 'micro'],
  [1_000_000n, ['ms'], 'milli'],
  [second, ['s'], 'sec'],
  [60n * second, ['m'], 'min'],
  [3_600n * second, ['h', 'hr'], 'hour'],
  [86_400n * second, ['d'], 'day'],
  [604_800n * second, ['w', 'wk'], 'week'],
]

/** In nanoseconds; undefined if the text is no duration. As upstream, unknown words are skipped if there is a unit. */
export function parseSpelledDuration(text: string): bigint | undefined {
  const plain = parseDuration(text)
  if (plain !== undefined) return plain
  let total: bigint | undefined
  // Numbers without a word match too, so that each character is read once, however long the text.
  for (const [, count = '', word = ''] of text.matchAll(/(\d+)\s*([A-Za-z\u00b5]*)/g)) {
    if (word === '') continue
    const name = word.toLowerCase()
    const unit = units.find(([, exact, beginning]) => exact.includes(name) || name.startsWith(beginning))
    // A number beyond Go's integers is no number there.
    if (count.length > 99 || BigInt(count) >= 2n ** 63n) return undefined
    if (unit !== undefined) total = BigInt.asIntN(64, (total ?? 0n) + BigInt(count) * unit[0])
  }
  return total
}
