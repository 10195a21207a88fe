// Ends LocalVolumes: the key is erased first, then the node removes the content. Also removes those that no claim will ever use.
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { claimAnnotation, keyFinalizer, localDriver } from '../../api/volumes/local-volume-names.ts'
import { splitKey } from '../../client/cache/object-key.ts'
import { localVolumes, nodes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { removeFinalizer } from '../finalizer.ts'
import { ignoreMissing } from '../missing-object.ts'
import { localVolumeIdentity } from './local-volume-identity.ts'
import { isOurs, localVolumeName } from './provision-plan.ts'
import { type LocalVolumeView, planLocalVolume } from './reclaim-plan.ts'

const byHandle = 'local handle'
/** An administrator may give a retained volume to a PersistentVolume of another name. */
const handlesOf = ({ spec }: PersistentVolume): string[] => (spec.csi?.driver === localDriver ? [spec.csi.volumeHandle] : [])

export const localVolumeRemover: Controller = {
  name: 'local-volume-remover',
  identity: localVolumeIdentity,
  watches: localVolumes,
  follows: [
    follow({ resource: persistentVolumes, keys: handlesOf }),
    follow({ resource: persistentVolumeClaims, keys: claim => (isOurs(claim) ? [] : [localVolumeName(claim)]) }),
    follow({
      resource: nodes,
      keys: ({ metadata }, { informers }) =>
        informers
          .full(localVolumes)
          .list()
          .filter(volume => volume.spec.nodeName === metadata.name && volume.metadata.deletionTimestamp !== undefined)
          .map(volume => volume.metadata.name ?? ''),
    }),
  ],
  begin(context) {
    const { client, informers, settings } = context
    informers.full(persistentVolumes).addIndex(byHandle, handlesOf)
    const cache = informers.full(localVolumes)
    return async (key, signal) => {
      const localVolume = cache.getByKey(key)
      if (localVolume === undefined) return done
      const step = planLocalVolume(viewOf(context, localVolume))
      if (step.step === 'wait') return done
      // The caches may be behind, and what follows cannot be undone.
      const fresh = await current(context, localVolume, signal)
      if (fresh === undefined || planLocalVolume(fresh).step !== step.step) return { requeueAfterMs: 1_000 }
      if (step.step === 'delete') await client.delete(localVolumes, '', key, {}, signal)
      else if (step.step === 'erase-key') {
        await settings.volumeKeys.erase(key, signal)
        await removeFinalizer(context, localVolumes, fresh.localVolume, keyFinalizer, signal)
      } else await removeFinalizer(context, localVolumes, fresh.localVolume, step.finalizer, signal)
      return done
    }
  },
}

type Found = LocalVolumeView['localVolume']

function viewOf({ informers }: Context, localVolume: Found): LocalVolumeView {
  const { namespace, name } = splitKey(localVolume.metadata.annotations?.[claimAnnotation] ?? '')
  return {
    localVolume,
    volume: volumeWith(informers, localVolume.metadata.name ?? ''),
    claim: informers.full(persistentVolumeClaims).get(namespace, name),
    hasNode: informers.full(nodes).get('', localVolume.spec.nodeName) !== undefined,
  }
}

/** A bound one, if there are several. */
function volumeWith(informers: Context['informers'], handle: string): PersistentVolume | undefined {
  const found = informers.full(persistentVolumes).byIndex(byHandle, handle)
  return found.find(({ status }) => status?.phase === 'Bound') ?? found[0]
}

/** As the API has it now; undefined if the LocalVolume is gone. */
async function current({ client, informers }: Context, { metadata }: Found, signal: AbortSignal): Promise<LocalVolumeView | undefined> {
  const name = metadata.name ?? ''
  const localVolume = await ignoreMissing(client.get(localVolumes, '', name, signal))
  if (localVolume === undefined || localVolume.metadata.uid !== metadata.uid) return undefined
  const { namespace, name: claimName } = splitKey(localVolume.metadata.annotations?.[claimAnnotation] ?? '')
  const holder = volumeWith(informers, name)?.metadata.name ?? name
  return {
    localVolume,
    volume: await ignoreMissing(client.get(persistentVolumes, '', holder, signal)),
    claim: claimName === '' ? undefined : await ignoreMissing(client.get(persistentVolumeClaims, namespace, claimName, signal)),
    hasNode: (await ignoreMissing(client.get(nodes, '', localVolume.spec.nodeName, signal))) !== undefined,
  }
}
