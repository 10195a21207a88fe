// Makes the volumes of claims whose class is on nodes' disks: a key, a LocalVolume that the node carries out, and the PersistentVolume.

import { domainOfNamespace, domainOfNode, isPlatform } from '../../api/pods/trust-domain.ts'
import { isReason } from '../../api/status.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { localDriver, sourceNodeAnnotation } from '../../api/volumes/local-volume-names.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { claimClass, selectedNode } from '../../client/cache/volume-match.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import {
  localVolumes,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  resourceQuotas,
  storageClasses,
} from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { ignoreMissing } from '../missing-object.ts'
import { readClaimSource } from './claim-source.ts'
import { claimsOfLocalVolumes } from './claims-of-local-volumes.ts'
import { localVolumeIdentity } from './local-volume-identity.ts'
import { isOurs, localVolumeName, type ProvisionStep, planProvision, requestedBytes } from './provision-plan.ts'
import { isSnapshotIn } from './snapshot-content-plan.ts'
import { whyAboveQuota } from './storage-quota.ts'

/** A refused claim may be accepted after a change of its class. */
const lookAgainMs = 60_000
/** A snapshot is ready within seconds. */
const sourceMs = 3_000

export const localVolumeProvisioner: Controller = {
  name: 'local-volume-provisioner',
  eventSource: localDriver,
  identity: localVolumeIdentity,
  watches: persistentVolumeClaims,
  follows: [
    claimsOfLocalVolumes,
    // Read, and complete before the first pass: a node that the cache lacks counts as gone.
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({ resource: storageClasses, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
    follow({ resource: namespaces, keys: () => [] }),
    follow({ resource: resourceQuotas, keys: () => [] }),
  ],
  begin(context) {
    const { informers } = context
    const claims = informers.full(persistentVolumeClaims)
    const classes = informers.full(storageClasses)
    const volumes = informers.full(persistentVolumes)
    const made = informers.full(localVolumes)
    const nodeCache = informers.full(nodes)
    const namespaceCache = informers.full(namespaces)
    const quotas = informers.full(resourceQuotas)
    /** Volumes that the cache does not show yet. */
    const begun = new Set<string>()
    const otherBytes = (own: PersistentVolumeClaim): number => {
      const { namespace = '', uid } = own.metadata
      let bytes = 0
      for (const claim of claims.list(namespace)) {
        const name = localVolumeName(claim)
        // Claims that wait for their volume share what is left.
        const has = (claim.spec.volumeName ?? '') !== '' || made.get('', name) !== undefined || begun.has(name)
        if (claim.metadata.uid !== uid && has) bytes += requestedBytes(claim)
      }
      for (const volume of made.list()) if (isSnapshotIn(volume, namespace)) bytes += volume.spec.bytes
      return bytes
    }
    return async (key, signal) => {
      const claim = claims.getByKey(key)
      if (claim === undefined || !isOurs(claim)) return done
      const storageClass = classes.get('', claimClass(claim))
      if (storageClass === undefined || storageClass.provisioner !== localDriver) return done
      const name = localVolumeName(claim)
      const { namespace = '' } = claim.metadata
      const node = nodeCache.get('', claim.metadata.annotations?.[selectedNode] ?? '')
      const step = planProvision({
        claim,
        storageClass,
        localVolume: made.get('', name),
        hasVolume: volumes.get('', name) !== undefined,
        hasNode: node !== undefined,
        source: made.get('', name) === undefined ? await readClaimSource(context, claim, signal) : undefined,
        whyAboveQuota: () => whyAboveQuota(quotas.list(namespace), requestedBytes(claim), () => otherBytes(claim), 'claim'),
        isForeign: !isPlatform(namespace) && domainOfNamespace(namespaceCache.get('', namespace)) !== domainOfNode(node),
      })
      if (made.get('', name) !== undefined) begun.delete(name)
      if (step.step === 'make') begun.add(name)
      try {
        await apply(context, claim, step, signal)
      } catch (err) {
        begun.delete(name)
        throw err
      }
      if (step.step === 'wait-for-source') return { requeueAfterMs: sourceMs }
      return step.step === 'refuse' ? { requeueAfterMs: lookAgainMs } : done
    }
  },
}

async function apply(context: Context, claim: PersistentVolumeClaim, step: ProvisionStep, signal: AbortSignal): Promise<void> {
  const { client, settings } = context
  const failed = (message: string) =>
    record(
      context,
      claim,
      'Warning',
      'ProvisioningFailed',
      `failed to provision volume with StorageClass "${claimClass(claim)}": ${message}`,
    )
  switch (step.step) {
    case 'wait':
      return
    case 'refuse':
    case 'wait-for-source':
      failed(step.message)
      return
    case 'make': {
      const { name = '' } = step.localVolume.metadata
      const { encryption, nodeName, source = '' } = step.localVolume.spec
      // First, so that no volume waits for a key that nobody makes.
      if (encryption === 'required' && source === '') await settings.volumeKeys.make(name, nodeName, signal)
      else if (encryption === 'required') await settings.volumeKeys.copy(name, source, signal)
      await client.create(localVolumes, '', step.localVolume, signal)
      record(context, claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${keyOf(claim)}"`)
      return
    }
    case 'publish':
      try {
        await client.create(persistentVolumes, '', step.volume, signal)
      } catch (err) {
        if (isReason(err, 'AlreadyExists')) return
        throw err
      }
      record(context, claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${step.volume.metadata.name}`)
      return
    case 'give-up': {
      failed(step.message)
      await ignoreMissing(client.delete(localVolumes, '', localVolumeName(claim), {}, signal))
      const { [selectedNode]: _, ...rest } = claim.metadata.annotations ?? {}
      const annotations = step.sourceNode === undefined ? rest : { ...rest, [sourceNodeAnnotation]: step.sourceNode }
      await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } }, signal)
    }
  }
}

function record({ events }: Context, claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
}
