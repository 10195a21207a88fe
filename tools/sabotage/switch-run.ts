// Starts the product with each protection switched off by its flag, and requires that exactly its proofs fail.
import type { Switch } from '../../test/sabotage/switches.ts'
import type { RunOptions } from './catalogue-run.ts'
import { observeOnNode } from './on-node.ts'

/** Returns the exit code. Without a real node, proofs that need one are left out. */
export async function runSwitches(switches: readonly Switch[], names: readonly string[], options: RunOptions): Promise<number> {
  const { nodeMissing, scratch, print } = options
  const node = nodeMissing === false ? [] : ['--simulated-nodes', '1']
  const observe = async (flags: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const observation = await observeOnNode({ changes: [], proofs: [], flags: [...node, ...flags] }, scratch)
    if ('failure' in observation) throw new Error(`with ${flags.join(' ')}: ${observation.failure}`)
    return new Map(observation.reports.map(({ id, verdict, found }) => [id, verdict === 'FAIL' ? `FAIL: ${found[0]}` : verdict]))
  }
  const failed = (verdicts: ReadonlyMap<string, string>) =>
    [...verdicts].filter(([, verdict]) => verdict.startsWith('FAIL')).map(([id]) => id)
  const control = await observe([])
  if (failed(control).length > 0)
    throw new Error(
      `without a switch: ${failed(control)
        .map(id => `${id} ${control.get(id)}`)
        .join('; ')}`,
    )
  let wrong = 0
  for (const { flag, value, proofs, knownMissed } of switches) {
    if (names.length > 0 && !names.includes(value)) continue
    const verdicts = await observe([flag, value])
    const expected = proofs.filter(id => verdicts.get(id) !== 'SKIP')
    const red = failed(verdicts)
    const missed = expected.filter(id => !red.includes(id))
    const unexpected = red.filter(id => !expected.includes(id))
    const right = missed.length + unexpected.length === 0
    if (!right) wrong += 1
    const known = knownMissed === undefined ? '' : ` (known: ${knownMissed})`
    print(`${right ? 'ok   ' : 'WRONG'} ${flag} ${value}: ${red.join(', ') || `no proof${known}`} failed`)
    if (missed.length > 0) print(`      must fail too: ${missed.join(', ')}`)
    for (const id of unexpected) print(`      must hold: ${id} ${verdicts.get(id)}`)
  }
  return wrong === 0 ? 0 : 1
}
