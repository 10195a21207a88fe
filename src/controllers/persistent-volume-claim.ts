// Binds claims to volumes that are there, and says what those that stay unbound wait for.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../api/types/core-v1.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { keyOf, makeKey } from '../client/object-key.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../client/resources.ts'
import { boundVolume } from '../client/volume-match.ts'
import { boundClaim, type ClaimStep, planClaim, withProvisioner } from './claim-binding-plan.ts'
import { type Context, type Controller, done, follow } from './controller.ts'

const pendingIndex = 'pending'

export const persistentVolumeClaim: Controller = {
  name: 'persistentvolume-controller',
  identity: 'persistent-volume-binder',
  watches: persistentVolumeClaims,
  // One at a time: two claims must not take one volume in the same moment.
  workers: 1,
  follows: [
    follow({ resource: persistentVolumes, keys: (volume, context) => claimsThatMayWant(volume, context) }),
    follow({
      resource: storageClasses,
      keys: (_, { informers }) => informers.full(persistentVolumeClaims).byIndex(pendingIndex, 'yes').map(keyOf),
    }),
  ],
  begin(context) {
    const claims = context.informers.full(persistentVolumeClaims)
    claims.addIndex(pendingIndex, claim => (isBound(claim) ? [] : ['yes']))
    const volumes = context.informers.full(persistentVolumes)
    const classes = context.informers.full(storageClasses)
    return async (key, signal) => {
      const claim = claims.getByKey(key)
      if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return done
      const step = planClaim({ claim, volumes: volumes.list(), classes: classes.list() })
      await apply(context, claim, step, signal)
      return done
    }
  },
}

const isBound = ({ status }: PersistentVolumeClaim): boolean => status?.phase === 'Bound'

/** The one that a volume is for, else all that wait for one. */
function claimsThatMayWant({ spec: { claimRef } }: PersistentVolume, { informers }: Context): string[] {
  if (claimRef != null) return [makeKey(claimRef.namespace ?? '', claimRef.name ?? '')]
  return informers.full(persistentVolumeClaims).byIndex(pendingIndex, 'yes').map(keyOf)
}

async function apply(context: Context, claim: PersistentVolumeClaim, step: ClaimStep, signal: AbortSignal): Promise<void> {
  const { client, events } = context
  if ('event' in step && step.event !== undefined) {
    const { type, reason, message } = step.event
    events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
  }
  switch (step.step) {
    case 'bind':
      await bind(context, claim, step.volume, signal)
      return
    case 'take-class': {
      const spec = { ...claim.spec, storageClassName: step.className }
      await client.update(persistentVolumeClaims, { ...claim, spec }, signal)
      return
    }
    case 'provision': {
      const wanted = withProvisioner(claim, step.provisioner)
      const written = wanted === claim ? claim : await client.update(persistentVolumeClaims, wanted, signal)
      await writeStatus(context, written, { ...written.status, phase: 'Pending' }, signal)
      return
    }
    case 'wait':
      await writeStatus(context, claim, { ...claim.status, phase: 'Pending' }, signal)
      return
    case 'lose':
      await writeStatus(context, claim, { phase: 'Lost' }, signal)
  }
}

/** Each write may be the last one before a stop: the next pass goes on where this one ended. */
async function bind(context: Context, claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal): Promise<void> {
  const { client } = context
  const wantedVolume = boundVolume(volume, claim)
  const held = wantedVolume === volume ? volume : await client.update(persistentVolumes, wantedVolume, signal)
  if (held.status?.phase !== 'Bound') {
    const { message: _, reason: __, ...status } = held.status ?? {}
    await client.updateStatus(persistentVolumes, { ...held, status: { ...status, phase: 'Bound' } }, signal)
  }
  const wantedClaim = boundClaim(claim, volume)
  const bound = wantedClaim === claim ? claim : await client.update(persistentVolumeClaims, wantedClaim, signal)
  const { accessModes, capacity } = volume.spec
  // A resize is somebody else's: capacity is written once.
  const status = isBound(bound) ? bound.status : { ...bound.status, ...(accessModes && { accessModes }), ...(capacity && { capacity }) }
  await writeStatus(context, bound, { ...status, phase: 'Bound' }, signal)
}

async function writeStatus(
  { client }: Context,
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaimStatus,
  signal: AbortSignal,
): Promise<void> {
  if (JSON.stringify(claim.status ?? {}) === JSON.stringify(status)) return
  await client.updateStatus(persistentVolumeClaims, { ...claim, status }, signal)
}
