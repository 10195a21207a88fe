// Events of a node: in its own name, about itself and its pods. Readers trust the source of events.
import type { StoreReader } from '../../api/store-view.ts'
import type { Event, Pod } from '../../api/types/core-v1.ts'
import type { Event as NewerEvent } from '../../api/types/events-v1.ts'
import type { AdmissionRequest } from '../admission.ts'

/** Why the node may not write this event; undefined if it may. */
export function ownEventRefusal({ object, oldObject }: AdmissionRequest, node: string, reader: StoreReader): string | undefined {
  for (const event of [oldObject, object]) {
    const why = event === undefined ? undefined : refusal(event as Event & NewerEvent, node, reader)
    if (why !== undefined) return why
  }
  return undefined
}

function refusal(event: Event & NewerEvent, node: string, reader: StoreReader): string | undefined {
  const host = (event.source ?? event.deprecatedSource)?.host
  const { reportingInstance } = event
  if (!host && !reportingInstance) return `node "${node}" can only create events whose source.host or reportingInstance is itself`
  if (host && host !== node) return `node "${node}" can only create events with source.host set to itself`
  if (reportingInstance && reportingInstance !== node && !reportingInstance.endsWith(`-${node}`))
    return `node "${node}" can only create events with reportingInstance set to itself`
  const about = event.involvedObject ?? event.regarding
  if (about?.kind === 'Node' && about.name === node) return undefined
  const pod = about?.kind === 'Pod' ? (reader.get('pods', about.namespace ?? '', about.name ?? '') as Pod | undefined) : undefined
  if (pod?.spec.nodeName === node && (!about?.uid || about.uid === pod.metadata.uid)) return undefined
  return `node "${node}" can only create events about itself and pods with spec.nodeName set to itself`
}
