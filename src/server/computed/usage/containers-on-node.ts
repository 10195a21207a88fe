// The number of containers that a node may report: those in the specs of its pods.

import { containersOf } from '../../../api/pods/containers-of.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import type { Selection } from '../../../store/store.ts'
import type { ServedResources } from '../../resource/served-resource.ts'

const field = 'spec.nodeName'

export function containersOnNode(resources: Pick<ServedResources, 'byGroupResource'>, nodeName: string): number {
  const selection: Selection = { exactFields: [[field, nodeName]], matches: ({ fields }) => fields[field] === nodeName }
  const { entries = [] } = resources.byGroupResource('pods')?.collection.list({ selection }) ?? {}
  return entries.reduce((count, { objectOnce }) => count + containersOf((objectOnce as Pod).spec).length, 0)
}
