// Runs entries of the catalogue: first the proofs against the product as it is, then each entry against a cluster of its own.
import { availableParallelism } from 'node:os'
import type { Place } from '../../test/sabotage/sabotage.ts'
import { observeInProcess } from './in-process.ts'
import { controlProblem, evaluate, type Observation, type Result } from './observation.ts'
import { noPair, observeOnMachines } from './on-machines.ts'
import { observeOnNode } from './on-node.ts'
import { type Entry, needsRoot } from './plan.ts'
import { remarkOn } from './remarks.ts'
import type { Change } from './transform.ts'

export interface EntryResult extends Result {
  readonly entry: Entry
}

export interface RunOptions {
  /** Why nothing runs on a real node, or false. */
  readonly nodeMissing: string | false
  readonly scratch: string
  /** Some attacks race with the product, and win only most of the time. A run that measures the proofs must not try them twice. */
  readonly retryMissed?: boolean
  print(line: string): void
}

/** Rejects if a proof does not hold without sabotage. */
export async function runCatalogue(entries: readonly Entry[], options: RunOptions, signal: AbortSignal): Promise<EntryResult[]> {
  const { nodeMissing, print } = options
  const missing = (place: Place): string | false => (place === 'node' ? nodeMissing : place === 'machines' ? nodeMissing || noPair : false)
  const onNode = entries.filter(({ place }) => needsRoot(place) && missing(place) === false)
  const inProcess = entries.filter(({ place }) => !needsRoot(place))
  await runControls([...onNode, ...inProcess], options, signal)
  const results: EntryResult[] = []
  const finish = (entry: Entry, result: Result, seconds?: string): void => {
    results.push({ ...result, entry })
    print(entryLine(entry, result, seconds))
  }
  const runAll = async (waiting: Entry[]): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      signal.throwIfAborted()
      const began = performance.now()
      const result = await runEntry(entry, options, signal)
      finish(entry, result, ((performance.now() - began) / 1000).toFixed(1))
    }
  }
  for (const entry of entries) {
    const detail = missing(entry.place)
    if (detail !== false) finish(entry, { verdict: 'skipped', detail })
  }
  // A machine has one real node at a time.
  const lanes = [runAll(onNode).then(() => runAll(inProcess))]
  while (lanes.length < availableParallelism()) lanes.push(runAll(inProcess))
  await Promise.all(lanes)
  return results
}

async function runControls(entries: readonly Entry[], options: RunOptions, signal: AbortSignal): Promise<void> {
  for (const place of ['process', 'disk', 'node', 'machines'] as const) {
    const proofs = [...new Set(entries.filter(entry => entry.place === place).flatMap(entry => entry.proofs))]
    if (proofs.length === 0) continue
    const problem = controlProblem(await observe(place, [], proofs, options, signal), proofs)
    if (problem !== undefined) throw new Error(`without sabotage (${placeNames[place]}): ${problem}`)
    options.print(`control ${placeNames[place]}: ${proofs.join(', ')} hold without sabotage`)
  }
}

/** What broke in one process is tried once more: the machine may have been busy. A node that does not start takes too long for that. */
async function runEntry(entry: Entry, options: RunOptions, signal: AbortSignal): Promise<Result> {
  const attempt = async () => evaluate(await observe(entry.place, [entry], entry.proofs, options, signal), entry.proofs)
  const first = await attempt()
  const isTriedAgain = options.retryMissed === true ? first.verdict !== 'seen' : first.verdict === 'broken' && !needsRoot(entry.place)
  return isTriedAgain ? await attempt() : first
}

function observe(
  place: Place,
  changes: readonly Change[],
  proofs: readonly string[],
  { scratch }: RunOptions,
  signal: AbortSignal,
): Promise<Observation> {
  if (place === 'machines') return observeOnMachines(changes, proofs, scratch)
  return place === 'node' ? observeOnNode({ changes, proofs }, scratch) : observeInProcess(place, changes, proofs, signal)
}

const placeNames: Readonly<Record<Place, string>> = {
  process: 'in one process',
  disk: 'on disk',
  node: 'on a real node',
  machines: 'on two machines',
}

function entryLine(entry: Entry, result: Result, seconds?: string): string {
  const start = `${result.verdict.padEnd(7)} ${entry.row.padEnd(3)} ${entry.name}${seconds === undefined ? '' : ` (${seconds} s)`}`
  const remark = remarkOn({ ...result, entry })
  return `${start}\n        ${result.detail.slice(0, 300)}${remark === undefined ? '' : `; ${remark}`}`
}
