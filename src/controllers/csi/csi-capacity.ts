// Publishes how much room drivers have, for each of their classes and places, as CSIStorageCapacities, which the scheduler reads.
import { createHash } from 'node:crypto'
import { read, rule } from '../../api/policy-rule.ts'
import type { CSIStorageCapacity, StorageClass } from '../../api/types/storage-v1.ts'
import { capacityNamespace, localDriver } from '../../api/volumes/local-volume-names.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { csiDrivers, csiNodes, csiStorageCapacities, nodes, storageClasses } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { ignoreMissing } from '../missing-object.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { driverNodes } from './csi-provisioner.ts'
import { csiRights } from './csi-rights.ts'
import { laneWorkers } from './driver-lanes.ts'
import { quantityOf } from './provision-plan.ts'
import { allSegments, type Segments } from './topology.ts'
import { volumeCapabilities } from './volume-capability.ts'

/** Upstream's --capacity-poll-interval. */
const pollMs = 60_000
/** Calls of one pass: what is above is not published, and the scheduler does not choose there. */
const maxCapacities = 500
const prefix = 'csi.storage.k8s.io/'
const driverLabel = 'csi.storage.k8s.io/drivername'
const ownerLabel = 'csi.storage.k8s.io/managed-by'
const owner = 'bulkhead-csi-capacity'

export const csiCapacity: Controller = {
  name: 'csi-capacity',
  identity: {
    account: 'csi-capacity',
    own: true,
    rules: [...csiRights, rule(read, 'storage.k8s.io', 'storageclasses csistoragecapacities')],
    roles: [{ namespace: capacityNamespace, rules: [rule('create delete update', 'storage.k8s.io', 'csistoragecapacities')] }],
  },
  watches: csiDrivers,
  follows: [
    follow({ resource: storageClasses, keys: ({ provisioner }) => (provisioner === localDriver ? [] : [provisioner]) }),
    follow({ resource: csiNodes, keys: ({ spec }) => (spec.drivers ?? []).map(({ name }) => name) }),
    follow({ resource: csiStorageCapacities, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  /** A key is a driver. */
  workers: laneWorkers,
  begin(context) {
    const { informers } = context
    const drivers = new CsiDrivers(context, inObjectName)
    return async (key, signal) => {
      if (key === localDriver) return done
      const wanted = await capacitiesOf(context, drivers, key, signal)
      if (wanted === undefined) return { requeueAfterMs: pollMs }
      await publish(context, key, wanted, signal)
      return informers.full(csiDrivers).get('', key)?.spec.storageCapacity === true ? { requeueAfterMs: pollMs } : done
    }
  },
}

const csiCapacityName = (driver: string, storageClass: string, segments: Segments): string =>
  `csisc-${createHash('sha256')
    .update(writeJson([driver, storageClass, Object.entries(segments).sort()]))
    .digest('hex')
    .slice(0, 20)}`

/** Undefined if the driver cannot be asked now: what was published stays. */
async function capacitiesOf(
  context: Context,
  drivers: CsiDrivers,
  driver: string,
  signal: AbortSignal,
): Promise<CSIStorageCapacity[] | undefined> {
  const { informers, log } = context
  if (informers.full(csiDrivers).get('', driver)?.spec.storageCapacity !== true) return []
  if (!(await drivers.serves(driver, signal))) return undefined
  const { controller, hasTopology } = await drivers.abilities(driver, signal)
  if (!controller.has('GET_CAPACITY')) return []
  const places = hasTopology ? allSegments(driverNodes(context, drivers, driver), driver) : [{}]
  const classes = informers
    .full(storageClasses)
    .list()
    .filter(({ provisioner }) => provisioner === driver)
  const found: CSIStorageCapacity[] = []
  for (const storageClass of classes)
    for (const segments of places) {
      if (found.length >= maxCapacities) {
        log.info('capacities of a driver are not all published', { driver, limit: maxCapacities })
        return found
      }
      found.push(await capacityOf(context, drivers, driver, storageClass, segments, signal))
    }
  return found
}

async function capacityOf(
  { informers }: Context,
  drivers: CsiDrivers,
  driver: string,
  storageClass: StorageClass,
  segments: Segments,
  signal: AbortSignal,
): Promise<CSIStorageCapacity> {
  const { parameters = {}, mountOptions = [] } = storageClass
  // A driver whose volumes are of one node knows the room there.
  const node = drivers.nodesOf(driver).find(name => {
    const labels = informers.full(nodes).get('', name)?.metadata.labels ?? {}
    return Object.entries(segments).every(([key, value]) => labels[key] === value)
  })
  const answer = await drivers.call(
    driver,
    'GetCapacity',
    {
      volumeCapabilities: volumeCapabilities({
        ...{ accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', mountOptions, knowsSinglePod: false },
        fsType: parameters[`${prefix}fstype`] ?? '',
      }),
      parameters: Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith(prefix))),
      ...(Object.keys(segments).length === 0 ? {} : { accessibleTopology: { segments } }),
    },
    signal,
    node,
  )
  const { availableCapacity, maximumVolumeSize } = answer
  if (availableCapacity < 0) throw new CsiError(driver, 'GetCapacity', 'INTERNAL', 'it answered with a negative capacity')
  const className = storageClass.metadata.name ?? ''
  return {
    metadata: {
      name: csiCapacityName(driver, className, segments),
      namespace: capacityNamespace,
      labels: { [driverLabel]: driver, [ownerLabel]: owner },
    },
    nodeTopology: { matchLabels: { ...segments } },
    storageClassName: className,
    capacity: quantityOf(availableCapacity),
    ...(maximumVolumeSize === undefined ? {} : { maximumVolumeSize: quantityOf(maximumVolumeSize.value) }),
  }
}

async function publish(
  { client, informers }: Context,
  driver: string,
  wanted: readonly CSIStorageCapacity[],
  signal: AbortSignal,
): Promise<void> {
  const known = informers
    .full(csiStorageCapacities)
    .list(capacityNamespace)
    .filter(({ metadata }) => metadata.labels?.[driverLabel] === driver && metadata.labels[ownerLabel] === owner)
  for (const capacity of wanted) {
    const old = known.find(({ metadata }) => metadata.name === capacity.metadata.name)
    if (old === undefined) await client.create(csiStorageCapacities, capacityNamespace, capacity, signal)
    else if (String(old.capacity) !== capacity.capacity || String(old.maximumVolumeSize) !== String(capacity.maximumVolumeSize)) {
      const { resourceVersion } = old.metadata
      const metadata = { ...capacity.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
      await client.update(csiStorageCapacities, { ...capacity, metadata }, signal)
    }
  }
  for (const { metadata } of known) {
    if (wanted.some(capacity => capacity.metadata.name === metadata.name)) continue
    await ignoreMissing(client.delete(csiStorageCapacities, capacityNamespace, metadata.name ?? '', {}, signal))
  }
}
