// The shadow server: an API server without keys, connections and disk, whose store holds what a backup holds.
import { changesPath, isControl, parseControl } from '../../api/backup/change-feed.ts'
import { type ObjectRecord, parseRecord, placeKey } from '../../api/backup/record-line.ts'
import type { ObjectDigest } from '../../backup/compare-objects.ts'
import { feedLines } from '../../backup/feed-lines.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { openControlPlane } from '../../cluster/control-plane.ts'
import { openRestoredMemory } from '../../store/restored-memory.ts'
import { labelsOf } from '../../store/restored-object.ts'
import { keylessSigner } from '../check/keyless-signer.ts'

export interface ShadowServer extends AsyncDisposable {
  readonly transport: Transport
}

const auditor = { name: 'bulkhead-backup', groups: ['system:masters', 'system:authenticated'] }

export async function openShadow(objects: Iterable<ObjectRecord>, revision: number, signal: AbortSignal): Promise<ShadowServer> {
  await using stack = new AsyncDisposableStack()
  const [clock, log] = [systemClock, silentLogger]
  const store = stack.use(openRestoredMemory(restored(objects), revision))
  const server = stack.use(
    await openControlPlane({
      ...{ store, signer: keylessSigner, audit: { record: () => undefined }, profile: 'secure', serviceCidr: '10.96.0.0/16' },
      ...{ clock, log, metrics: createRegistry(), signal, offline: true },
      // It shows what was restored, and changes none of it.
      keepsQuotaStatus: false,
    }),
  )
  const transport = stack.use(server.transportFor(auditor))
  const owned = stack.move()
  return { transport, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function* restored(objects: Iterable<ObjectRecord>) {
  for (const { resource, namespace, name, revision, bytes } of objects)
    if (bytes !== undefined)
      yield { groupResource: resource, namespace, name, revision, bytes, labels: labelsOf(bytes, { namespace, name }) }
}

/** The digests of all objects as this server shows them. */
export async function shownDigests(transport: Transport, signal: AbortSignal): Promise<Map<string, ObjectDigest>> {
  const stop = new AbortController()
  const { body, status } = await transport.request(
    { method: 'GET', path: changesPath, stream: true },
    AbortSignal.any([signal, stop.signal]),
  )
  if (status !== 200) throw new Error(`The shadow server answers ${status}`)
  const shown = new Map<string, ObjectDigest>()
  for await (const lines of feedLines(body))
    for (const line of lines) {
      if (!isControl(line)) {
        const record = parseRecord(line)
        shown.set(placeKey(record), { revision: record.revision, sha256: record.sha256 })
      } else if (parseControl(line).control === 'complete') {
        stop.abort(new Error('All objects came'))
        return shown
      }
    }
  throw new Error('The shadow server ended before it had shown all objects')
}
