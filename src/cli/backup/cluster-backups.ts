// `bulkhead backup create`, `schedule`, `prune` and `list`: objects of a running cluster, whose part `backups` does the work.
import { isReason } from '../../api/status.ts'
import type { Backup, BackupSchedule } from '../../api/types/bulkhead-v1alpha1.ts'
import { pause, systemClock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { backupSchedules, backups } from '../../client/resources.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import { textTable } from '../terminal/text-table.ts'

export interface ClusterFlags {
  readonly dataDir?: string
  readonly kubeconfig?: string
}

export interface ScheduleFlags extends ClusterFlags {
  readonly target: string
  readonly every: string
  readonly fullEvery?: string
  readonly maxAge?: string
  readonly history?: string
  readonly keepLast?: number
  readonly keepHourly?: number
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
}

type Print = (text: string) => void

/** A part that has not taken a request by then does not run. */
const takenMs = 20_000
const pollMs = 200

async function withClient<T>(flags: ClusterFlags, work: (client: Client) => Promise<T>): Promise<T> {
  await using transport = reachCluster(await findKubeconfig(flags), 'bulkhead-backup')
  return await work(new Client(transport))
}

const stamp = (): string =>
  new Date(systemClock.now())
    .toISOString()
    .replaceAll(/[-:T.Z]/g, '')
    .toLowerCase()

/** Returns the exit code: 0 if the backup is verified, 1 otherwise. */
export async function createBackup(flags: ClusterFlags & { readonly full?: boolean }, target: string, print: Print, signal: AbortSignal) {
  return await withClient(flags, client => make(client, { target, full: flags.full === true }, print, signal))
}

/** Makes a backup of the schedule now, after which its retention applies. */
export async function pruneBackups(flags: ClusterFlags, schedule: string, print: Print, signal: AbortSignal) {
  return await withClient(flags, async client => {
    const { spec } = await client.get(backupSchedules, '', schedule, signal)
    const before = await client.listAll(backups, {}, signal)
    const code = await make(client, { target: spec.target, schedule, full: false }, print, signal)
    await pause(systemClock, 2 * pollMs, signal)
    const kept = new Set((await client.listAll(backups, {}, signal)).map(({ metadata }) => metadata.name))
    for (const { metadata } of before) if (!kept.has(metadata.name)) print(`Removed ${metadata.name}`)
    return code
  })
}

async function make(client: Client, spec: Backup['spec'], print: Print, signal: AbortSignal): Promise<number> {
  const name = `${spec.schedule ?? 'manual'}-${stamp()}`
  const began = systemClock.monotonic()
  await client.create(backups, '', { metadata: { name }, spec }, signal)
  for (let phase: string | undefined; ; await pause(systemClock, pollMs, signal)) {
    signal.throwIfAborted()
    const { status = {} } = await client.get(backups, '', name, signal)
    const seconds = ((systemClock.monotonic() - began) / 1000).toFixed(1)
    if (status.phase === undefined && systemClock.monotonic() - began > takenMs)
      throw new UserError('Nothing makes backups in this cluster: start it with "bulkhead up --backup FILE"')
    if (status.phase === phase) continue
    phase = status.phase
    if (phase === 'Stored')
      print(
        `Backup ${status.number} of target ${spec.target}: ${status.objects} objects of revision ${status.revision}, stored after ${seconds} s`,
      )
    if (phase === 'Verified')
      print(`Verified after ${seconds} s: restored into a shadow server, and every object is as it was. Report ${status.report}`)
    if (phase === 'Failed') print(`FAILED: ${status.message}`)
    if (phase === 'Verified' || phase === 'Failed') return phase === 'Verified' ? 0 : 1
  }
}

export async function scheduleBackups(flags: ScheduleFlags, name: string, print: Print, signal: AbortSignal): Promise<void> {
  const { target, every, fullEvery, maxAge, history, keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly } = flags
  const rules = present({ history, keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly })
  const spec: BackupSchedule['spec'] = {
    ...{ target, every },
    ...present({ fullEvery, maxAge }),
    ...(Object.keys(rules).length === 0 ? {} : { retention: rules }),
  }
  await withClient(flags, async client => {
    try {
      const old = await client.get(backupSchedules, '', name, signal)
      await client.update(backupSchedules, { ...old, spec }, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
      await client.create(backupSchedules, '', { metadata: { name }, spec }, signal)
    }
  })
  print(`Schedule ${name}: a backup to target ${target} every ${every}`)
}

const present = <T extends object>(values: T): Partial<T> => {
  const found: Partial<T> = { ...values }
  for (const name in found) if (found[name] === undefined) delete found[name]
  return found
}

export async function listBackups(
  flags: ClusterFlags & { readonly output?: 'text' | 'json' },
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  const [made, schedules] = await withClient(flags, client =>
    Promise.all([client.listAll(backups, {}, signal), client.listAll(backupSchedules, {}, signal)]),
  )
  if (flags.output === 'json') return print(printableJson({ backups: made, schedules }))
  const rows = made
    .sort((one, other) => ((one.metadata.creationTimestamp ?? '') < (other.metadata.creationTimestamp ?? '') ? -1 : 1))
    .map(({ metadata, spec, status = {} }) => [
      ...[metadata.name ?? '', spec.target, status.phase ?? 'Pending', String(status.number ?? '-'), String(status.revision ?? '-')],
      ...[String(status.objects ?? '-'), status.created ?? '-', status.message ?? ''],
    ])
  for (const line of textTable(['NAME', 'TARGET', 'PHASE', 'NUMBER', 'REVISION', 'OBJECTS', 'CREATED', 'MESSAGE'], rows)) print(line)
  for (const { metadata, spec, status = {} } of schedules) {
    const bad = status.conditions?.filter(condition => condition.status === 'False') ?? []
    const state = bad.length === 0 ? 'all is well' : bad.map(({ message }) => message).join('; ')
    print(
      `Schedule ${metadata.name}: every ${spec.every} to ${spec.target}, last verified ${status.lastVerified ?? 'never'}, reached ${status.reached ?? 'never'}: ${state}`,
    )
  }
}
