// What published volumes need while pods use them: new tokens for drivers that want them, growth, and the condition that the driver reports.

import { claimNameOf } from '../../api/pods/claim-name.ts'
import { integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import type { CsiDrivers, NodeDriver } from './csi-drivers.ts'
import { csiPlace } from './csi-record.ts'
import { capabilityOf, persistentCsiVolume } from './csi-requests.ts'
import { driverObject, secretTexts } from './csi-sources.ts'
import type { CsiVolumes, RequestedVolume } from './csi-volumes.ts'

interface Parts {
  readonly drivers: CsiDrivers
  readonly volumes: CsiVolumes
}

interface Options {
  readonly directory: { readonly csi: string }
  readonly client: Client
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
}

const growMs = 5_000
/** The node may read a claim, and follow none: so many are read in a turn, those first that were not read for the longest time. */
const claimsPerTurn = 5
/** Upstream publishes again with each pass of a pod, about as often. */
const republishTurns = 12
const waiting = new Set(['NodeResizePending', 'NodeResizeInProgress', 'NodeResizeInfeasible'])

/** Runs until the signal. */
export async function keepPublished({ drivers, volumes }: Parts, options: Options, signal: AbortSignal): Promise<void> {
  const { clock, log } = options
  /** Targets whose driver has not answered yet: it holds up no other. */
  const busy = new Set<string>()
  const read = new ClaimTurns()
  const keep = async (target: string, asked: RequestedVolume, turn: number, mayGrow: boolean): Promise<void> => {
    const driver = drivers.get(driverOf(asked))
    if (driver === undefined || volumes.published.get(target) !== asked) return
    busy.add(target)
    try {
      if (turn % republishTurns === 0) await republish(volumes, driver, asked, options, signal)
      if (turn % republishTurns === 1) await look(volumes, driver, target, asked, options, signal)
      if (mayGrow) await grow(volumes, driver, target, asked, options, signal)
    } catch (err) {
      if (signal.aborted) return
      if (!(err instanceof CsiError)) log.error('CSI volume not kept', { driver: driver.name, err })
      warn(options, asked, 'FailedMount', `volume "${asked.volume.name}": ${messageOf(err)}`)
    } finally {
      busy.delete(target)
    }
  }
  for (let turn = 1; !signal.aborted; turn++) {
    await pause(clock, growMs, signal)
    if (signal.aborted) return
    for (const target of volumes.stats.keys()) if (!volumes.published.has(target)) volumes.stats.delete(target)
    const due = read.next(volumes.published, asked => drivers.get(driverOf(asked))?.can.has('EXPAND_VOLUME') === true)
    for (const [target, asked] of volumes.published) if (!busy.has(target)) void keep(target, asked, turn, due.has(target))
  }
}

/** Which claims are read in a turn. A claim of several pods is read for one of them. */
export class ClaimTurns {
  /** Claims that were read, the oldest first. */
  readonly #read = new Set<string>()

  /** The targets whose claim is read now. */
  next(published: ReadonlyMap<string, RequestedVolume>, canGrow: (asked: RequestedVolume) => boolean): ReadonlySet<string> {
    const targets = new Map<string, string>()
    for (const [target, asked] of published) {
      const name = claimNameOf(asked.pod, asked.volume)
      if (name !== undefined && asked.persistent !== undefined && canGrow(asked))
        targets.set(`${asked.pod.metadata.namespace}/${name}`, target)
    }
    for (const claim of this.#read) if (!targets.has(claim)) this.#read.delete(claim)
    const due = [...targets.keys()]
      .filter(claim => !this.#read.has(claim))
      .concat([...this.#read])
      .slice(0, claimsPerTurn)
    for (const claim of due) {
      this.#read.delete(claim)
      this.#read.add(claim)
    }
    return new Set(due.map(claim => targets.get(claim) ?? ''))
  }
}

const driverOf = ({ persistent, volume }: RequestedVolume): string => persistent?.spec.csi?.driver ?? volume.csi?.driver ?? ''

function warn(
  { events }: Options,
  { pod }: RequestedVolume,
  reason: string,
  message: string,
  type: 'Normal' | 'Warning' = 'Warning',
): void {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  events.record({ apiVersion: 'v1', kind: 'Pod', namespace, name, uid }, type, reason, message)
}

async function republish(
  volumes: CsiVolumes,
  { name }: NodeDriver,
  asked: RequestedVolume,
  { client }: Options,
  signal: AbortSignal,
): Promise<void> {
  if ((await driverObject(client, name, signal))?.spec.requiresRepublish === true) await volumes.setUp(asked, signal, { isAgain: true })
}

/** How much room the volume has, and whether the driver finds something wrong with it. */
async function look(
  { stats }: CsiVolumes,
  { calls, can }: NodeDriver,
  target: string,
  asked: RequestedVolume,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const volumeId = asked.persistent?.spec.csi?.volumeHandle
  if (volumeId === undefined || !can.has('GET_VOLUME_STATS')) return
  // Older figures must not pass for current ones.
  stats.delete(target)
  const { usage, volumeCondition } = await calls.call('NodeGetVolumeStats', { volumeId, volumePath: target }, signal)
  const { pod, volume } = asked
  stats.set(target, { namespace: pod.metadata.namespace ?? '', claim: claimNameOf(pod, volume) ?? '', usage })
  if (!can.has('VOLUME_CONDITION')) return
  if (volumeCondition?.abnormal === true)
    warn(options, asked, 'VolumeConditionAbnormal', `volume "${asked.volume.name}": ${volumeCondition.message.slice(0, 512)}`)
}

/** The controller has made the volume larger: its file system follows, and the claim says so. */
async function grow(
  volumes: CsiVolumes,
  driver: NodeDriver,
  target: string,
  asked: RequestedVolume,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const { client, directory } = options
  const { pod, volume, persistent } = asked
  const claimName = claimNameOf(pod, volume)
  if (claimName === undefined || persistent === undefined || !driver.can.has('EXPAND_VOLUME')) return
  const namespace = pod.metadata.namespace ?? ''
  const claim = await client.get(persistentVolumeClaims, namespace, claimName, signal)
  if (!waitsForNode(claim)) return
  const newest = await client.get(persistentVolumes, '', persistent.metadata.name ?? '', signal)
  const wanted = persistentCsiVolume(newest, volume)
  const capacity = newest.spec.capacity?.['storage'] ?? '0'
  const requiredBytes = Number(integerValue(parseQuantity(capacity)))
  const place = csiPlace(directory.csi, wanted.driver, wanted.volumeId)
  const request = {
    ...{ volumeId: wanted.volumeId, volumePath: target, capacityRange: { requiredBytes } },
    ...(driver.can.has('STAGE_UNSTAGE_VOLUME') ? { stagingTargetPath: place.staging } : {}),
    volumeCapability: capabilityOf(wanted, driver.can, undefined),
    secrets: await secretTexts(client, wanted.expandSecret, signal),
  }
  const name = { namespace, name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' }
  await volumes.oneByOne(place, () => volumes.call(driver, 'NodeExpandVolume', request, name, volume.name, signal))
  const conditions = (claim.status?.conditions ?? []).filter(({ type }) => type !== 'FileSystemResizePending' && type !== 'Resizing')
  const status = { capacity: { storage: capacity }, conditions, allocatedResourceStatuses: null }
  await client.patch(persistentVolumeClaims, namespace, claimName, { status }, { type: 'merge', subresource: 'status' }, signal)
  warn(options, asked, 'FileSystemResizeSuccessful', `volume "${volume.name}" has ${capacity} now`, 'Normal')
}

function waitsForNode({ status }: PersistentVolumeClaim): boolean {
  if (waiting.has(status?.allocatedResourceStatuses?.['storage'] ?? '')) return true
  return status?.conditions?.some(({ type, status: is }) => type === 'FileSystemResizePending' && is === 'True') ?? false
}
