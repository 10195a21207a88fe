// Attaches volumes of CSI drivers to the nodes whose pods use them, and detaches them when none does. It only writes VolumeAttachments: the
// attacher of a driver, ours or a sidecar, carries them out.
import { claimNameOf } from '../../api/pods/claim-name.ts'
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { attachmentName } from '../../api/volumes/csi-volume-names.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { makeKey } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { csiDrivers, nodes, persistentVolumeClaims, persistentVolumes, pods, volumeAttachments } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { ignoreMissing } from '../missing-object.ts'
import { newAttachment, planAttachments, type UnwantedSince } from './attach-plan.ts'

const byClaim = 'claims of a scheduled pod'
const byAttached = 'volume of an attachment'
const byNode = 'node of an attachment'

const claimsOf = (pod: Pod): string[] =>
  (pod.spec.nodeName ?? '') === ''
    ? []
    : (pod.spec.volumes ?? []).flatMap(volume => {
        const claim = claimNameOf(pod, volume)
        return claim === undefined ? [] : [makeKey(pod.metadata.namespace ?? '', claim)]
      })

export const attachDetach: Controller = {
  name: 'attachdetach-controller',
  identity: {
    account: 'attachdetach-controller',
    rules: [
      rule('list watch', 'core', 'persistentvolumeclaims persistentvolumes'),
      rule(read, 'core', 'nodes'),
      rule('patch update', 'core', 'nodes/status'),
      rule('list watch', 'core', 'pods'),
      recordEvents,
      rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'),
      rule(read, 'storage.k8s.io', 'csidrivers'),
      rule(read, 'storage.k8s.io', 'csinodes'),
    ],
  },
  watches: persistentVolumes,
  follows: [
    follow({
      resource: pods,
      keys: (pod, { informers }) =>
        claimsOf(pod).flatMap(key => {
          const volume = informers.full(persistentVolumeClaims).getByKey(key)?.spec.volumeName ?? ''
          return volume === '' ? [] : [volume]
        }),
    }),
    follow({ resource: persistentVolumeClaims, keys: ({ spec }) => ((spec.volumeName ?? '') === '' ? [] : [spec.volumeName ?? '']) }),
    follow({
      resource: volumeAttachments,
      keys: ({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName]),
    }),
    follow({
      resource: nodes,
      keys: ({ metadata }, { informers }) =>
        informers
          .full(volumeAttachments)
          .byIndex(byNode, metadata.name ?? '')
          .flatMap(({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName])),
    }),
    follow({ resource: csiDrivers, keys: () => [] }),
  ],
  begin(context) {
    const { informers, clock } = context
    informers.full(pods).addIndex(byClaim, claimsOf)
    informers
      .full(volumeAttachments)
      .addIndex(byAttached, ({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName]))
    informers.full(volumeAttachments).addIndex(byNode, ({ spec }) => [spec.nodeName])
    /** By the name of the volume, where some node has it in vain. */
    const unwanted = new Map<string, UnwantedSince>()
    return async (key, signal) => {
      const volume = informers.full(persistentVolumes).getByKey(key)
      const attachments = informers.full(volumeAttachments).byIndex(byAttached, key)
      const { driver, volumeHandle = '' } = volume?.spec.csi ?? {}
      if (volume === undefined || driver === undefined || driver === localDriver) {
        unwanted.delete(key)
        return done
      }
      const { namespace = '', name = '' } = volume.spec.claimRef ?? {}
      const claim = informers.full(persistentVolumeClaims).get(namespace, name)
      const isBound = claim !== undefined && claim.spec.volumeName === key && claim.metadata.uid === volume.spec.claimRef?.uid
      const users = isBound ? informers.full(pods).byIndex(byClaim, makeKey(namespace, name)) : []
      const plan = planAttachments({
        volume,
        isExempt: informers.full(csiDrivers).get('', driver)?.spec.attachRequired === false,
        pods: users,
        attachments,
        node: node => informers.full(nodes).get('', node),
        unwantedSince: unwanted.get(key) ?? new Map(),
        now: clock.monotonic(),
      })
      if (plan.unwantedSince.size === 0) unwanted.delete(key)
      else unwanted.set(key, plan.unwantedSince)
      for (const node of plan.detach) await detach(context, attachmentName(volumeHandle, driver, node), signal)
      for (const node of plan.attach)
        await context.client.create(volumeAttachments, '', newAttachment(volume, node), signal).catch((err: unknown) => {
          if (!isReason(err, 'AlreadyExists')) throw err
        })
      for (const { pod, nodes: others } of plan.blocked) {
        const message = `Multi-Attach error for volume "${key}" Volume is already exclusively attached to node ${others.join(', ')} and can't be attached to another`
        context.events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'FailedAttachVolume', message)
      }
      return plan.againMs === undefined ? done : { requeueAfterMs: plan.againMs }
    }
  },
}

async function detach({ client }: Context, name: string, signal: AbortSignal): Promise<void> {
  await ignoreMissing(client.delete(volumeAttachments, '', name, {}, signal))
}
