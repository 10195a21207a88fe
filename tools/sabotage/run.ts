// `npm run sabotage`: changes the product, one weakness at a time, and requires that the proof of each control fails.
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/base/user-error.ts'
import { catalogue } from '../../test/sabotage/index.ts'
import { switches } from '../../test/sabotage/switches.ts'
import { createScratch, removeScratch } from '../scratch.ts'
import { runCatalogue } from './catalogue-run.ts'
import { noNode } from './on-node.ts'
import { choose, entriesOf } from './plan.ts'
import { fails, triedLines } from './remarks.ts'
import { scoreLines, scoresOf, writeScores } from './scores.ts'
import { runSwitches } from './switch-run.ts'

const usage = `Usage: npm run sabotage -- [ROW…] [--only TEXT] [--untried] [--sample SEED] [--no-node] [--write]
       npm run sabotage -- switches [NAME…] [--no-node]

Changes the product, one weakness at a time, and requires that the proof of each control fails.

  ROW           codes such as C3; none for all
  switches      switch each protection off by its flag, and require that exactly its proofs fail
  --only TEXT   entries whose name or file contains the text
  --untried     entries that are listed as untried alone
  --sample SEED one entry of thirty, by a number; one that is not seen is tried again
  --no-node     skip what needs a real node, as for another user than root
  --write       write the scores into docs/status.md; not with --only, --untried or --sample
`

async function main(signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      untried: { type: 'boolean', default: false },
      sample: { type: 'string' },
      'no-node': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const print = (line: string): void => console.log(line)
  if (values.help) {
    print(usage)
    return 0
  }
  const { only, untried, sample, write } = values
  if (write && (only !== undefined || untried || sample !== undefined))
    throw new Error('--write needs all entries of a row: leave out --only, --untried and --sample')
  const seed = Number(sample ?? 0)
  if (!Number.isSafeInteger(seed)) throw new Error(`--sample must be a whole number, got "${sample}"`)
  const nodeMissing = values['no-node'] ? '--no-node' : noNode
  const scratch = createScratch()
  process.env['TMPDIR'] = scratch
  try {
    if (positionals[0] === 'switches') return await runSwitches(switches, positionals.slice(1), { nodeMissing, scratch, print })
    const rows = positionals.map(row => row.toUpperCase())
    const unknown = rows.find(row => !(row in catalogue))
    if (unknown !== undefined) throw new Error(`no sabotage of a row "${unknown}": rows are ${Object.keys(catalogue).join(', ')}`)
    const chosen = choose(entriesOf(catalogue), {
      rows,
      untried,
      ...(only === undefined ? {} : { only }),
      ...(sample === undefined ? {} : { sample: seed }),
    })
    if (chosen.length === 0) throw new Error('no sabotage fits these arguments')
    if (sample !== undefined) print(`A sample of the sabotages; the same again: npm run sabotage -- --sample ${seed}`)
    const results = await runCatalogue(chosen, { nodeMissing, scratch, print, retryMissed: sample !== undefined }, signal)
    const scores = scoresOf(results)
    for (const line of [...scoreLines(scores), ...triedLines(results)]) print(line)
    if (write) writeScores(scores)
    return results.some(fails) ? 1 : 0
  } finally {
    await removeScratch(scratch)
  }
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort(new Error('interrupted')))
try {
  process.exitCode = await main(interrupted.signal)
} catch (err) {
  console.error(`sabotage: ${messageOf(err)}`)
  process.exitCode = 1
}
