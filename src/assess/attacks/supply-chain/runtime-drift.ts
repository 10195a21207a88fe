// Changes of the programs that a node runs: found by the node on a folder of this attack's own, and what the cluster makes of a node that reports one.
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node } from '../../../api/types/core-v1.ts'
import { silentLogger } from '../../../base/log.ts'
import { nodes } from '../../../client/resources.ts'
import { type Component, holdsComponents, runtimeDriftCondition } from '../../../supply-chain/components/component.ts'
import { ComponentWatch } from '../../../supply-chain/components/component-watch.ts'
import { knownWeaknesses } from '../../../supply-chain/components/known-weaknesses.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import type { ProofContext } from '../../proof.ts'

const taint = 'bulkhead.dev/runtime-drift'
const pollMs = 100
/** A guard: the controller follows nodes. */
const waitMs = 30_000

export async function tryDriftOfFiles({ attempts, clock }: ProofContext): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-prove-c2-')))
  try {
    const runc = join(folder, 'runc')
    const config = join(folder, 'config.toml')
    const cni = join(folder, 'cni')
    await mkdir(cni)
    for (const [path, text] of [
      [runc, 'runc'],
      [config, 'version = 2'],
      [join(cni, '10-net.conflist'), '{}'],
    ] as const)
      await writeFile(path, text)
    await chmod(runc, 0o755)
    const started = () =>
      new ComponentWatch({
        programs: [{ name: 'runc', paths: [runc] }],
        configurations: [
          { name: 'containerd configuration', path: config },
          { name: 'CNI configuration', path: cni },
        ],
        packagesOf: async () => new Map([[runc, { name: 'runc', version: '1.1.11+ds1-1' }]]),
        clock,
        log: silentLogger,
      })
    const watch = started()
    await watch.look()
    const record = (name: string, named: string | undefined) => {
      const answered = watch.drift.join('; ') || 'no drift'
      const held = named === undefined ? watch.drift.length === 0 : answered.includes(named)
      attempts.record({ name, sent: folder, expected: named === undefined ? 'no drift' : `drift of ${named}`, answered, held })
    }
    record('programs as they were', undefined)
    const weak = watch.components.flatMap(knownWeaknesses)
    attempts.record({
      name: 'a runtime with a known vulnerability',
      sent: 'runc 1.1.11',
      expected: 'CVE-2024-21626',
      answered: weak.join() || 'none',
      held: weak.includes('CVE-2024-21626'),
    })
    const changes: readonly (readonly [string, string, () => Promise<unknown>, () => Promise<unknown>])[] = [
      ['one flipped byte of the runtime', `runc "${runc}"`, () => flip(runc), () => flip(runc)],
      ['a changed configuration of the runtime', 'containerd configuration', () => flip(config), () => flip(config)],
      [
        'a further configuration of the pod network',
        '00-evil.conf',
        () => writeFile(join(cni, '00-evil.conf'), '{}'),
        () => rm(join(cni, '00-evil.conf')),
      ],
      [
        'a missing configuration of the pod network',
        '10-net.conflist',
        () => rm(join(cni, '10-net.conflist')),
        () => writeFile(join(cni, '10-net.conflist'), '{}'),
      ],
    ]
    for (const [name, named, change, undo] of changes) {
      await change()
      await watch.look()
      record(name, named)
      await undo()
      await watch.look()
    }
    await tryHeldPrograms(attempts, started, watch.recorded, () => flip(runc))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A change while the node is down counts where the Node says so, at each start until the programs are as before. */
async function tryHeldPrograms(
  attempts: AttemptLog,
  started: () => ComponentWatch,
  last: readonly Component[],
  flipRuntime: () => Promise<void>,
): Promise<void> {
  let before = last
  const start = async (name: string, wanted: string | undefined, policy: string | undefined) => {
    const watch = started()
    if (holdsComponents(policy)) watch.hold(before)
    await watch.look()
    if (holdsComponents(policy)) before = watch.recorded
    const answered = watch.drift.join('; ') || 'no drift'
    const held = wanted === undefined ? watch.drift.length === 0 : answered.includes(wanted)
    attempts.record({ name, sent: `component-policy ${policy ?? 'not set'}`, expected: wanted ?? 'no drift', answered, held })
  }
  await flipRuntime()
  await start('one flipped byte while the node was down, accepted', undefined, undefined)
  await start('one flipped byte while the node was down, held', 'runc "', 'Hold')
  await start('the same after another start', 'runc "', 'Hold')
  await flipRuntime()
  await start('the runtime as before the node was down, held', undefined, 'Hold')
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** A Node of this attack, which runs nothing: its report of a drift must keep new pods away, and their end let them in again. */
export async function tryReportedDrift({ attempts, client, clock, run }: ProofContext, signal: AbortSignal): Promise<void> {
  const name = `bulkhead-prove-${Math.floor(clock.now()).toString(36)}`
  await client.create(nodes, '', { metadata: { name, labels: run.labels }, spec: { unschedulable: true } }, signal)
  try {
    for (const [status, expected] of [
      ['True', true],
      ['False', false],
    ] as const) {
      const condition = { type: runtimeDriftCondition, status, reason: 'Prove', message: 'a proof' }
      await client.patch(nodes, '', name, { status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status' }, signal)
      const has = await untilTainted(expected)
      attempts.record({
        name: status === 'True' ? 'a node that reports a changed runtime' : 'a node whose runtime is as before',
        sent: `condition ${runtimeDriftCondition} ${status}`,
        expected: expected ? `taint ${taint}:NoSchedule` : 'no such taint',
        answered: has ? `taint ${taint}:NoSchedule` : 'no such taint',
        held: has === expected,
      })
    }
  } finally {
    await client.delete(nodes, '', name, {}, signal)
  }

  async function untilTainted(wanted: boolean): Promise<boolean> {
    const end = clock.monotonic() + waitMs
    for (;;) {
      const has = isTainted(await client.get(nodes, '', name, signal))
      if (has === wanted || clock.monotonic() > end) return has
      await clock.sleep(pollMs, signal)
    }
  }
}

const isTainted = ({ spec }: Node): boolean => spec?.taints?.some(({ key, effect }) => key === taint && effect === 'NoSchedule') === true
