// Makes volumes of CSI drivers for claims. The volume's name follows from the claim, and a claim is marked before the first call: whatever ends
// in between, the next pass finds the same volume, and a claim that was deleted meanwhile leaves none behind.

import { domainOfNamespace, domainOfNode, isPlatform } from '../../api/pods/trust-domain.ts'
import { isReason } from '../../api/status.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { messageOf } from '../../base/user-error.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { claimClass, selectedNode } from '../../client/cache/volume-match.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import {
  csiDrivers,
  csiNodes,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttributesClasses,
} from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { addFinalizer, removeFinalizer } from '../finalizer.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiProvisionerIdentity } from './csi-provisioner-identity.ts'
import { readCsiSecret } from './csi-secret.ts'
import { readCsiSource } from './csi-source.ts'
import { inDriverLanes, laneWorkers } from './driver-lanes.ts'
import {
  awaitedDriver,
  type CsiProvisionStep,
  csiVolumeName,
  isBegun,
  newCsiVolume,
  planCsiProvision,
  provisioningFinalizer,
  volumeSecrets,
  whyWrongVolume,
} from './provision-plan.ts'
import type { DriverNode } from './topology.ts'

/** A driver that is not there, or a refused claim, is looked at again. */
const lookAgainMs = 15_000

export const csiProvisioner: Controller = {
  name: 'csi-provisioner',
  identity: csiProvisionerIdentity,
  watches: persistentVolumeClaims,
  follows: [
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({ resource: storageClasses, keys: () => [] }),
    follow({ resource: volumeAttributesClasses, keys: () => [] }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
    follow({ resource: namespaces, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { informers } = context
    const drivers = new CsiDrivers(context, inObjectName)
    return inDriverLanes(
      context,
      key => {
        const claim = informers.full(persistentVolumeClaims).getByKey(key)
        return claim && awaitedDriver(claim)
      },
      async (key, signal) => {
        const claim = informers.full(persistentVolumeClaims).getByKey(key)
        if (claim === undefined) return done
        const driver = awaitedDriver(claim)
        if (informers.full(persistentVolumes).get('', csiVolumeName(claim)) !== undefined || driver === undefined) {
          // The volume has its object: from here on that one holds it.
          if (isBegun(claim)) await removeFinalizer(context, persistentVolumeClaims, claim, provisioningFinalizer, signal)
          return done
        }
        if (driver === localDriver) return done
        if (!(await drivers.serves(driver, signal))) return { requeueAfterMs: lookAgainMs }
        return await provision(context, drivers, claim, driver, signal)
      },
    )
  },
}

async function provision(
  context: Context,
  drivers: CsiDrivers,
  claim: PersistentVolumeClaim,
  driver: string,
  signal: AbortSignal,
): Promise<Result> {
  const { informers } = context
  const storageClass = informers.full(storageClasses).get('', claimClass(claim))
  if (storageClass === undefined || storageClass.provisioner !== driver) return { requeueAfterMs: lookAgainMs }
  const failed = (message: string): Result => {
    const text = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${message}`
    record(context, claim, 'Warning', 'ProvisioningFailed', text)
    return { requeueAfterMs: lookAgainMs }
  }
  try {
    const source = await readCsiSource(context, claim, driver, signal)
    if (typeof source === 'string') return failed(source)
    const step = planCsiProvision({
      claim,
      storageClass,
      attributesClass: informers.full(volumeAttributesClasses).get('', claim.spec.volumeAttributesClassName ?? ''),
      abilities: await drivers.abilities(driver, signal),
      source,
      nodes: driverNodes(context, drivers, driver),
      isForeign: isForeign(context, claim),
    })
    if (step.step === 'refuse') return failed(step.message)
    if (step.step === 'give-up') {
      failed(step.message)
      await chooseAgain(context, claim, signal)
      return done
    }
    const refs = volumeSecrets(claim, storageClass)
    if (typeof refs === 'string') return failed(refs)
    if (!isBegun(claim)) {
      await addFinalizer(context, persistentVolumeClaims, claim, provisioningFinalizer, signal)
      record(context, claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${keyOf(claim)}"`)
      // The next pass goes on with the claim as it is now.
      return done
    }
    const answer = await create(context, drivers, driver, step, signal)
    const wrong = whyWrongVolume(answer, claim, source)
    if (wrong !== undefined || answer.volume === undefined) {
      const secrets = await readCsiSecret(context, step.secret, signal)
      const { volumeId = '' } = answer.volume ?? {}
      if (volumeId !== '') await drivers.call(driver, 'DeleteVolume', { volumeId, secrets }, signal, step.node)
      return failed(wrong ?? '')
    }
    const volume = newCsiVolume({ claim, storageClass }, answer.volume, step.secret, refs)
    await context.client.create(persistentVolumes, '', volume, signal).catch((err: unknown) => {
      if (!isReason(err, 'AlreadyExists')) throw err
    })
    record(context, claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volume.metadata.name}`)
    return done
  } catch (err) {
    if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
    failed(messageOf(err))
    return await afterFailure(context, claim, err, signal)
  }
}

async function create(
  context: Context,
  drivers: CsiDrivers,
  driver: string,
  { request, secret, node }: Extract<CsiProvisionStep, { step: 'create' }>,
  signal: AbortSignal,
) {
  const secrets = await readCsiSecret(context, secret, signal)
  return await drivers.call(driver, 'CreateVolume', { ...request, secrets }, signal, node)
}

/** Nothing exists after a final error, so a claim that ends may go. A driver without room on the chosen node is tried on another. */
async function afterFailure(context: Context, claim: PersistentVolumeClaim, err: unknown, signal: AbortSignal): Promise<Result> {
  const isFinal = !(err instanceof CsiError) || err.isFinal
  if (isFinal && claim.metadata.deletionTimestamp !== undefined && isBegun(claim))
    await removeFinalizer(context, persistentVolumeClaims, claim, provisioningFinalizer, signal)
  else if (err instanceof CsiError && err.code === 'RESOURCE_EXHAUSTED') await chooseAgain(context, claim, signal)
  // Backs off with each failure.
  throw err
}

async function chooseAgain({ client }: Context, claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  const { [selectedNode]: node, ...annotations } = claim.metadata.annotations ?? {}
  if (node === undefined) return
  await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } }, signal)
}

function isForeign({ informers }: Context, { metadata }: PersistentVolumeClaim): boolean {
  const { namespace = '', annotations } = metadata
  const chosen = annotations?.[selectedNode]
  if (chosen === undefined || isPlatform(namespace)) return false
  return domainOfNamespace(informers.full(namespaces).get('', namespace)) !== domainOfNode(informers.full(nodes).get('', chosen))
}

/** The nodes that have the driver, with what it said of them. */
export function driverNodes({ informers }: Context, drivers: CsiDrivers, driver: string): DriverNode[] {
  return drivers.nodesOf(driver).flatMap(name => {
    const node = informers.full(nodes).get('', name)
    const csiNode = informers.full(csiNodes).get('', name)
    return node === undefined || csiNode === undefined ? [] : [{ node, csiNode }]
  })
}

function record({ events }: Context, claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
}
