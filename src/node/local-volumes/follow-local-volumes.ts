// Carries out the LocalVolumes of this node, and reports what came of it.
import { isReason } from '../../api/status.ts'
import type { LocalVolume, LocalVolumeStatus } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { localVolumes } from '../../client/resources.ts'
import { WorkQueue } from '../../client/work-queue.ts'

export interface FollowLocalVolumesOptions {
  readonly client: Client
  readonly nodeName: string
  /** The status to report; undefined if it has to be asked again later. */
  apply(volume: LocalVolume, signal: AbortSignal): Promise<LocalVolumeStatus | undefined>
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
}

const workers = 4
/** A volume in use is removed later. */
const lookAgainMs = 2_000
/** What failed is tried again. */
const tryAgainMs = 30_000

/** Runs until the signal. */
export async function followLocalVolumes(options: FollowLocalVolumesOptions, signal: AbortSignal): Promise<void> {
  const { client, nodeName, clock, log, random } = options
  const informer = new Informer<LocalVolume>({
    client,
    resource: localVolumes,
    fieldSelector: `spec.nodeName=${nodeName}`,
    clock,
    log,
    random,
  })
  const queue = new WorkQueue({ clock })
  const add = ({ metadata }: LocalVolume) => queue.add(metadata.name ?? '')
  informer.onChange({ add, update: add, delete: () => undefined })
  signal.addEventListener('abort', () => queue.stop(), { once: true })
  const work = async () => {
    for (let name = await queue.take(); name !== undefined; name = await queue.take()) {
      try {
        const again = await once(options, informer.get('', name), signal)
        queue.forget(name)
        if (again > 0) queue.addAfter(name, again)
      } catch (err) {
        if (signal.aborted) return
        if (!isReason(err, 'Conflict')) log.error('volume not reported', { volume: name, err })
        queue.addBackedOff(name)
      } finally {
        queue.done(name)
      }
    }
  }
  await Promise.all([informer.run(signal), ...Array.from({ length: workers }, work)]).catch((err: unknown) => {
    if (!signal.aborted) throw err
  })
}

/** Milliseconds after which it has to be asked again; 0 if not. */
async function once(options: FollowLocalVolumesOptions, volume: LocalVolume | undefined, signal: AbortSignal): Promise<number> {
  // The server selects by node; this check protects against one that does not.
  if (volume === undefined || volume.spec.nodeName !== options.nodeName) return 0
  const status = await options.apply(volume, signal)
  if (status === undefined) return lookAgainMs
  if (writeJson(sorted(status)) !== writeJson(sorted(volume.status ?? {})))
    await options.client.updateStatus(localVolumes, { ...volume, status }, signal)
  return status.phase !== 'Removed' && (status.message ?? '') !== '' ? tryAgainMs : 0
}

const sorted = ({ phase, bytes, encryption, message }: LocalVolumeStatus) => [phase, bytes, encryption, message]
