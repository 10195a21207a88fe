// Changes attributes of volumes in use, by the VolumeAttributesClasses that their claims name.
import { isReason } from '../../api/status.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { messageOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiResizerIdentity } from './csi-resizer-identity.ts'
import { readCsiSecret } from './csi-secret.ts'
import { driverOfClaim, inDriverLanes, laneWorkers } from './driver-lanes.ts'
import { modified, modifying, planModify, wantedClass } from './modify-plan.ts'
import { nodeReaching } from './topology.ts'

const lookAgainMs = 15_000
const infeasibleCodes: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'UNIMPLEMENTED'])

export const csiModifier: Controller = {
  name: 'csi-modifier',
  eventSource: 'csi-resizer',
  identity: csiResizerIdentity,
  watches: persistentVolumeClaims,
  follows: [
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({
      resource: volumeAttributesClasses,
      keys: ({ metadata }, { informers }) =>
        informers
          .full(persistentVolumeClaims)
          .list()
          .filter(claim => wantedClass(claim) === metadata.name)
          .map(keyOf),
    }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { client, informers } = context
    const drivers = new CsiDrivers(context, driver => `external-resizer-${inObjectName(driver)}`)
    return inDriverLanes(
      context,
      key => driverOfClaim(informers, key),
      async (key, signal) => {
        const claim = informers.full(persistentVolumeClaims).getByKey(key)
        const wanted = claim && wantedClass(claim)
        const volume = claim && informers.full(persistentVolumes).get('', claim.spec.volumeName ?? '')
        const { driver, volumeHandle = '', controllerExpandSecretRef } = volume?.spec.csi ?? {}
        if (claim === undefined || wanted === undefined || volume === undefined || driver === undefined || driver === localDriver)
          return done
        if (!(await drivers.serves(driver, signal))) return { requeueAfterMs: lookAgainMs }
        const { controller } = await drivers.abilities(driver, signal)
        const step = planModify(claim, volume, informers.full(volumeAttributesClasses).get('', wanted), controller.has('MODIFY_VOLUME'))
        if (step.step === 'wait') return done
        const current = await writeStatus(context, claim, step.status, signal)
        if (step.step === 'adopt') return done
        if (step.step === 'pending') {
          record(context, claim, 'Warning', 'VolumeModifyFailed', step.message)
          return { requeueAfterMs: lookAgainMs }
        }
        const node = nodeReaching(volume, name => informers.full(nodes).get('', name), drivers.nodesOf(driver))
        try {
          record(context, claim, 'Normal', 'VolumeModify', `external resizer is modifying volume ${claim.metadata.name} with vac ${wanted}`)
          const secrets = await readCsiSecret(context, controllerExpandSecretRef, signal)
          await drivers.call(
            driver,
            'ControllerModifyVolume',
            { volumeId: volumeHandle, secrets, mutableParameters: step.parameters },
            signal,
            node,
          )
        } catch (err) {
          if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
          record(context, claim, 'Warning', 'VolumeModifyFailed', messageOf(err))
          if (err instanceof CsiError && infeasibleCodes.has(err.code))
            await writeStatus(context, current, modifying(current, wanted, 'Infeasible'), signal)
          throw err
        }
        const fresh = await client.get(persistentVolumes, '', volume.metadata.name ?? '', signal)
        await client.update(persistentVolumes, { ...fresh, spec: { ...fresh.spec, volumeAttributesClassName: wanted } }, signal)
        await writeStatus(context, current, modified(current, wanted), signal)
        record(
          context,
          claim,
          'Normal',
          'VolumeModifySuccessful',
          `external resizer modified volume ${claim.metadata.name} with vac ${wanted} successfully`,
        )
        return done
      },
    )
  },
}

async function writeStatus(
  { client }: Context,
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaimStatus,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim> {
  if (writeJson(claim.status) === writeJson(status)) return claim
  return await client.updateStatus(persistentVolumeClaims, { ...claim, status }, signal)
}

function record({ events }: Context, claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
}
