// Fuzzes one target or all of them: `[target] [--iterations N] [--seed S]`. An input that fails is printed, kept in test/corpus/<target>, where each
// later run tries it first, and made again by its seed.
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz-run.ts'
import { fuzzTargets } from './fuzz-targets.ts'

const { values, positionals } = parseArgs({
  options: { iterations: { type: 'string', default: '100000' }, seed: { type: 'string' } },
  allowPositionals: true,
})
const number = (text: string, name: string): number => {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} must be a whole number, got ${JSON.stringify(text)}`)
  return Number(text)
}
const iterations = number(values.iterations, 'iterations')
const seed = values.seed === undefined ? Date.now() >>> 0 : number(values.seed, 'seed')
const unknown = positionals.find(name => !fuzzTargets.some(target => target.name === name))
if (unknown !== undefined)
  throw new Error(`target must be one of ${fuzzTargets.map(({ name }) => name).join(', ')}, got ${JSON.stringify(unknown)}`)

/** Far above the bounded work of a 4 KiB input on a slow machine. */
const slowMs = 5000
const shownBytes = 2000

for (const target of fuzzTargets.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  console.log(`${target.name}: ${iterations} inputs from seed ${seed}`)
  const outcome = await fuzz(target, { iterations, seed, corpus: 'test/corpus', saves: true, slowMs })
  if (typeof outcome === 'number') continue
  const { input, error, path } = outcome
  console.error(`FAIL ${target.name}: ${error instanceof Error ? error.stack : String(error)}`)
  console.error(`input: ${JSON.stringify(input.toString('latin1').slice(0, shownBytes))}`)
  if (path !== undefined) console.error(`kept in ${path}`)
  if (outcome.seed !== undefined) console.error(`again: npm run fuzz -- ${target.name} --iterations 1 --seed ${outcome.seed}`)
  process.exitCode = 1
}
