// Binds claims to existing volumes, and reports why others stay unbound.

import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { candidateVolumes, claimKeys, indexVolumes } from '../../client/cache/volume-index.ts'
import { boundVolume, claimClass, namesClass } from '../../client/cache/volume-match.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { boundClaim, type ClaimStep, planClaim, withProvisioner } from './claim-binding-plan.ts'
import { ClaimEventFilter } from './claim-event-filter.ts'
import { persistentVolumeBinder } from './volume-binder-identity.ts'
import { pendingIndex, VolumeOffers } from './volume-offers.ts'

/** Interval of passes over a pending claim, as upstream: no event is sure to affect the right one. */
const lookAgainMs = 15_000

export const persistentVolumeClaim: Controller = {
  name: 'persistentvolume-controller',
  identity: persistentVolumeBinder,
  watches: persistentVolumeClaims,
  // One at a time: two claims must not get one volume at the same moment.
  workers: 1,
  follows: [
    follow({ resource: persistentVolumes, keys: claimKeys }),
    follow({
      resource: storageClasses,
      keys: ({ metadata: { name = '' } }, { informers }) => {
        const claims = informers.full(persistentVolumeClaims)
        return [...claims.byIndex(pendingIndex, `class ${name}`), ...claims.byIndex(pendingIndex, 'unnamed')].map(keyOf)
      },
    }),
  ],
  begin(context) {
    const { informers } = context
    const claims = informers.full(persistentVolumeClaims)
    claims.addIndex(pendingIndex, claim => {
      if (isBound(claim)) return []
      return [`class ${claimClass(claim)}`, ...(namesClass(claim) ? [] : ['unnamed'])]
    })
    const volumes = informers.full(persistentVolumes)
    indexVolumes(volumes)
    const news = new ClaimEventFilter()
    const offers = new VolumeOffers(context)
    const offer = (volume: PersistentVolume) => offers.offer(volume)
    volumes.onChange({ add: offer, update: offer, delete: ({ metadata }) => offers.taken.delete(metadata.name ?? '') })
    return async (key, signal) => {
      const offered = offers.looks(key)
      const claim = claims.getByKey(key)
      if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) {
        news.isNew(key, undefined, context.clock.now())
        return done
      }
      const named = volumes.get('', claim.spec.volumeName ?? '')
      const candidates = isBound(claim) ? [] : candidateVolumes(volumes, claim)
      const known = named === undefined ? candidates : [named, ...candidates]
      const step = planClaim({ claim, volumes: known, classes: informers.full(storageClasses).list(), taken: offers.taken })
      report(context, claim, step, news)
      await apply(context, claim, step, offers.taken, signal)
      // It has another one: the offered volume was bound elsewhere.
      const left = step.step === 'bind' && offered !== undefined ? volumes.get('', offered) : undefined
      if (left !== undefined) offers.offer(left)
      return step.step === 'wait' || step.step === 'provision' ? { requeueAfterMs: lookAgainMs } : done
    }
  },
}

const isBound = ({ status }: PersistentVolumeClaim): boolean => status?.phase === 'Bound'

function report({ events, clock }: Context, claim: PersistentVolumeClaim, step: ClaimStep, news: ClaimEventFilter): void {
  const event = 'event' in step ? step.event : undefined
  if (!news.isNew(keyOf(claim), event, clock.now())) return
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), event.type, event.reason, event.message)
}

async function apply(
  context: Context,
  claim: PersistentVolumeClaim,
  step: ClaimStep,
  taken: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const { client } = context
  switch (step.step) {
    case 'bind': {
      const { metadata, spec } = step.volume
      const name = metadata.name ?? ''
      if (spec.claimRef == null) taken.add(name)
      await bind(context, claim, step.volume, signal).catch((err: unknown) => {
        // An event will show who has it.
        taken.delete(name)
        throw err
      })
      return
    }
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

/** Each write may be the last one before a stop: the next pass continues from there. */
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
  // Another component handles resizing: capacity is written once.
  const status = isBound(bound) ? bound.status : { ...bound.status, ...(accessModes && { accessModes }), ...(capacity && { capacity }) }
  await writeStatus(context, bound, { ...status, phase: 'Bound' }, signal)
}

async function writeStatus(
  { client }: Context,
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaimStatus,
  signal: AbortSignal,
): Promise<void> {
  if (writeJson(claim.status ?? {}) === writeJson(status)) return
  await client.updateStatus(persistentVolumeClaims, { ...claim, status }, signal)
}
