// Expands volumes of CSI drivers: the driver first, then the PersistentVolume, then the claim, or the node if the driver says so.
import { isReason } from '../../api/status.ts'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { formatTime } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { messageOf } from '../../base/user-error.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiResizerIdentity } from './csi-resizer-identity.ts'
import { readCsiSecret } from './csi-secret.ts'
import { driverOfClaim, inDriverLanes, laneWorkers } from './driver-lanes.ts'
import { quantityOf } from './provision-plan.ts'
import { infeasible, planCsiResize, resized, resizing, wantsMore } from './resize-plan.ts'
import { nodeReaching } from './topology.ts'
import { attachedCapability } from './volume-capability.ts'

const lookAgainMs = 15_000
const infeasibleCodes: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'NOT_FOUND'])

export const csiResizer: Controller = {
  name: 'csi-resizer',
  identity: csiResizerIdentity,
  watches: persistentVolumeClaims,
  follows: [
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { informers } = context
    const drivers = new CsiDrivers(context, driver => `external-resizer-${inObjectName(driver)}`)
    return inDriverLanes(
      context,
      key => driverOfClaim(informers, key),
      async (key, signal) => {
        const claim = informers.full(persistentVolumeClaims).getByKey(key)
        const volume = claim && informers.full(persistentVolumes).get('', claim.spec.volumeName ?? '')
        const driver = volume?.spec.csi?.driver
        if (claim === undefined || volume === undefined || driver === undefined || driver === localDriver || !wantsMore(claim, volume))
          return done
        if (!(await drivers.serves(driver, signal))) return { requeueAfterMs: lookAgainMs }
        try {
          return await resize(context, drivers, claim, volume, signal)
        } catch (err) {
          if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
          record(context, claim, 'Warning', 'VolumeResizeFailed', `resize volume ${volume.metadata.name} failed: ${messageOf(err)}`)
          if (err instanceof CsiError && infeasibleCodes.has(err.code)) {
            const fresh = await context.client.get(
              persistentVolumeClaims,
              claim.metadata.namespace ?? '',
              claim.metadata.name ?? '',
              signal,
            )
            await context.client.updateStatus(persistentVolumeClaims, { ...fresh, status: infeasible(fresh) }, signal)
          }
          throw err
        }
      },
    )
  },
}

async function resize(context: Context, drivers: CsiDrivers, claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal) {
  const { client, informers, clock } = context
  const { csi } = volume.spec
  const driver = csi?.driver ?? ''
  const abilities = await drivers.abilities(driver, signal)
  const step = planCsiResize(claim, volume, abilities)
  if (step.step === 'wait') return done
  const name = volume.metadata.name ?? ''
  if (step.step === 'refuse') {
    record(context, claim, 'Warning', 'VolumeResizeFailed', `resize volume ${name} failed: ${step.message}`)
    return { requeueAfterMs: lookAgainMs }
  }
  const size = claim.spec.resources?.requests?.['storage'] ?? '0'
  let current = await writeStatus(context, claim, resizing(claim, size, formatTime(clock.now())), signal)
  let needsNode = true
  let capacity = size
  if (step.step === 'expand') {
    record(context, claim, 'Normal', 'Resizing', `External resizer is resizing volume ${name}`)
    const answer = await drivers.call(
      driver,
      'ControllerExpandVolume',
      {
        volumeId: csi?.volumeHandle ?? '',
        capacityRange: { requiredBytes: step.bytes },
        secrets: await readCsiSecret(context, csi?.controllerExpandSecretRef, signal),
        volumeCapability: attachedCapability({
          accessModes: volume.spec.accessModes ?? [],
          volumeMode: volume.spec.volumeMode ?? 'Filesystem',
          fsType: csi?.fsType ?? '',
          mountOptions: volume.spec.mountOptions ?? [],
          knowsSinglePod: abilities.controller.has('SINGLE_NODE_MULTI_WRITER'),
        }),
      },
      signal,
      nodeReaching(volume, name => informers.full(nodes).get('', name), drivers.nodesOf(driver)),
    )
    if (answer.capacityBytes < step.bytes)
      throw new CsiError(
        driver,
        'ControllerExpandVolume',
        'OUT_OF_RANGE',
        `it made ${answer.capacityBytes} bytes of the requested ${step.bytes}`,
      )
    needsNode = answer.nodeExpansionRequired
    if (answer.capacityBytes > step.bytes) capacity = quantityOf(answer.capacityBytes)
  }
  const fresh = await client.get(persistentVolumes, '', name, signal)
  await client.update(
    persistentVolumes,
    { ...fresh, spec: { ...fresh.spec, capacity: { ...fresh.spec.capacity, storage: capacity } } },
    signal,
  )
  current = await writeStatus(context, current, resized(current, needsNode ? size : capacity, needsNode, formatTime(clock.now())), signal)
  if (needsNode) record(context, current, 'Normal', 'FileSystemResizeRequired', 'Require file system resize of volume on node')
  else record(context, current, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')
  return done
}

const writeStatus = (
  { client }: Context,
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaimStatus,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim> => client.updateStatus(persistentVolumeClaims, { ...claim, status }, signal)

function record({ events }: Context, claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
}
