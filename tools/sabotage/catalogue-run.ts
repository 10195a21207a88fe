// Runs entries of the catalogue: first the proofs against the product as it is, then each entry against a cluster of its own.
import { availableParallelism } from 'node:os'
import type { Place } from '../../test/sabotage/sabotage.ts'
import { observeInProcess } from './in-process.ts'
import { controlProblem, evaluate, type Observation, type Result } from './observation.ts'
import { observeOnNode } from './on-node.ts'
import type { Entry } from './plan.ts'
import type { Change } from './transform.ts'

export interface EntryResult extends Result {
  readonly entry: Entry
}

export interface RunOptions {
  /** Why nothing runs on a real node, or false. */
  readonly nodeMissing: string | false
  readonly scratch: string
  print(line: string): void
}

/** Rejects if a proof does not hold without sabotage. */
export async function runCatalogue(entries: readonly Entry[], options: RunOptions, signal: AbortSignal): Promise<EntryResult[]> {
  const { nodeMissing, print } = options
  const onNode = entries.filter(({ place }) => place === 'node')
  const inProcess = entries.filter(({ place }) => place !== 'node')
  await runControls(nodeMissing === false ? entries : inProcess, options, signal)
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
  if (nodeMissing !== false) for (const entry of onNode.splice(0)) finish(entry, { verdict: 'skipped', detail: nodeMissing })
  // A machine has one real node at a time.
  const lanes = [runAll(onNode).then(() => runAll(inProcess))]
  while (lanes.length < availableParallelism()) lanes.push(runAll(inProcess))
  await Promise.all(lanes)
  return results
}

async function runControls(entries: readonly Entry[], options: RunOptions, signal: AbortSignal): Promise<void> {
  for (const place of ['process', 'disk', 'node'] as const) {
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
  return first.verdict === 'broken' && entry.place !== 'node' ? await attempt() : first
}

function observe(
  place: Place,
  changes: readonly Change[],
  proofs: readonly string[],
  { scratch }: RunOptions,
  signal: AbortSignal,
): Promise<Observation> {
  return place === 'node' ? observeOnNode({ changes, proofs }, scratch) : observeInProcess(place, changes, proofs, signal)
}

const placeNames: Readonly<Record<Place, string>> = { process: 'in one process', disk: 'on disk', node: 'on a real node' }

function entryLine({ row, name, knownMissed }: Entry, { verdict, detail }: Result, seconds?: string): string {
  const start = `${verdict.padEnd(7)} ${row.padEnd(3)} ${name}${seconds === undefined ? '' : ` (${seconds} s)`}`
  const known =
    knownMissed === undefined
      ? ''
      : verdict === 'missed' || verdict === 'broken'
        ? `; known: ${knownMissed}`
        : verdict === 'seen'
          ? '; it is listed as missed: remove knownMissed'
          : ''
  return `${start}\n        ${detail.slice(0, 300)}${known}`
}
