// Whether a workload that a controller made goes back to a signed object.
import type { KubeObject, OwnerReference } from '../../api/object.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { fromStored, type ServedKinds, storedResource } from '../served-kinds.ts'
import { isMarked } from './verified-mark.ts'

/** CronJob, Job, Pod; a custom controller in between. */
const maxOwners = 5

/** Undefined if it does, else why not. */
export function unsignedOwner(object: KubeObject, namespace: string, kinds: ServedKinds, reader: StoreReader): string | undefined {
  let current = object
  for (let step = 0; step < maxOwners; step++) {
    const owner = controllerOf(current)
    if (owner === undefined) return step === 0 ? 'no signed object controls it' : `its owner ${describe(current)} is not signed`
    const definition = kinds.byKind(owner.apiVersion, owner.kind)
    const stored = definition && reader.get(storedResource(definition), definition.namespaced ? namespace : '', owner.name)
    if (definition === undefined || stored === undefined || stored.metadata.uid !== owner.uid)
      return `its owner ${owner.kind} "${owner.name}" does not exist`
    current = fromStored(stored, definition)
    if (isMarked(current)) return undefined
  }
  return `its owners go back further than ${maxOwners} objects`
}

const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)

const describe = ({ kind, metadata }: KubeObject): string => `${kind ?? 'object'} "${metadata.name ?? ''}"`
