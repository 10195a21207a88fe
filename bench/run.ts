// `npm run bench`: measures this tree, and with `--against COMMIT` another one in turn with it. Prints a Markdown table.
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { compactHeap } from '../src/base/v8/compact-heap.ts'
import { createProgress } from '../tools/progress.ts'
import { createScratch, removeScratch } from '../tools/scratch.ts'
import { useEtcd } from './bench-store.ts'
import { buildCommit } from './built-commit.ts'
import { type Values, workloads } from './load/workloads.ts'
import { canRunContainers, measuredHere, runOnce } from './run-once.ts'
import { type Column, table } from './table.ts'
import { worstTenant } from './tenant/worst-tenant.ts'

const ids = [...workloads.map(({ id }) => id), ...measuredHere]
const usage = `usage: npm run bench -- [--against COMMIT] [--rounds N] [--only WORKLOAD,…] [--store sqlite|etcd] [--no-containers]
workloads: ${ids.join(' ')}, or none
       npm run bench -- --only worst-tenant [--attacks ATTACK,…]`

const { values: flags } = parseArgs({
  options: {
    against: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    attacks: { type: 'string' },
    store: { type: 'string' },
    'no-containers': { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (!['sqlite', 'etcd'].includes(flags.store ?? 'sqlite')) throw new Error(`unknown store ${flags.store}\n${usage}`)
if (flags.store === 'etcd') useEtcd()
// Some of the load comes from this process.
compactHeap()
if (flags.help) console.log(usage)
else if (flags.only === 'worst-tenant') await attackNeighbours()
else await bench()

/** Separately: it takes minutes, and prints its own rows. */
async function attackNeighbours(): Promise<void> {
  const progress = createProgress(process.stderr)
  await worstTenant(new URL('..', import.meta.url).pathname, flags.attacks?.split(',') ?? [], step => progress.show(step))
  progress.end()
}

async function bench(): Promise<void> {
  const root = new URL('..', import.meta.url).pathname
  const only = flags.only?.split(',')
  const unknown = only?.filter(id => id !== 'none' && !ids.includes(id)) ?? []
  if (unknown.length > 0) throw new Error(`unknown workload ${unknown.join(', ')}\n${usage}`)
  const wanted = ids.filter(id => only?.includes(id) ?? true)
  const scratch = createScratch()
  process.env['TMPDIR'] = scratch
  const progress = createProgress(process.stderr)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      progress.done('Interrupted: stopping the clusters …')
      void removeScratch(scratch).then(() => process.exit(130))
    })
  const containers = canRunContainers() && !flags['no-containers']
  const rounds = Number(flags.rounds ?? (flags.against === undefined ? 1 : 3))
  using other = flags.against === undefined ? undefined : buildCommit(root, flags.against)
  const columns: { title: string; tree: string; runs: Values[] }[] = [{ title: 'this tree', tree: root, runs: [] }]
  if (other !== undefined && flags.against !== undefined) columns.push({ title: flags.against, tree: other.tree, runs: [] })
  for (let round = 0; round < rounds; round++) {
    // The order alternates: changes of the machine affect both.
    for (const column of round % 2 === 0 ? columns : columns.toReversed()) {
      const onStep = (step: string) => progress.show(`round ${round + 1} of ${rounds}, ${column.title}: ${step}`)
      column.runs.push(await runOnce({ tree: column.tree, workloads: wanted, containers, onStep }))
    }
  }
  progress.end()
  await removeScratch(scratch)
  const gib = Math.round(totalmem() / 2 ** 30)
  console.log(
    `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${gib} GiB, Node ${process.version}; client and servers on the same cores`,
  )
  console.log(`${table(columns satisfies Column[])}`)
}
