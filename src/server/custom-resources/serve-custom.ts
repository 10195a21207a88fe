// Custom resources as the server serves them: all versions share one collection, and objects stored under an older schema are shown as the current
// schema reads them.
import type { CustomKind } from '../../api/custom-resources/custom-kind.ts'
import { groupResource, groupVersion, type KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { sameValue } from '../../api/same-value.ts'
import { conflict, unknownPath } from '../../api/status.ts'
import type { WebhookConversion } from '../../api/types/apiextensions-v1.ts'
import type { Entry, Store } from '../../store/store.ts'
import { convertedView, type EntryView, frame, storedView } from '../resource/entry-view.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { type ConversionParts, type ConversionSender, webhookConversion } from './conversion.ts'

export interface CustomServing {
  /** The store's revision since which objects are written in the stored version of the current schema. */
  readonly since: number
  /** The conversion webhook, unless versions differ only in their name. */
  readonly webhook?: { readonly config: WebhookConversion; readonly sender: ConversionSender; readonly stored: ConversionParts['stored'] }
}

/** `current` returns the resource as served at the time of the call. */
export function serveCustom(
  definitions: readonly ResourceDefinition[],
  store: Store,
  { since, webhook }: CustomServing,
  current: () => ServedResource | undefined,
): ServedResource[] {
  const siblings = new Map<string, ServedResource>()
  for (const definition of definitions) {
    const { group, plural, storedAs, custom } = definition
    const name = groupResource(group, plural)
    const life = { retired: false }
    const apiVersion = groupVersion(group, definition.version)
    const converted =
      webhook === undefined || custom === undefined
        ? undefined
        : webhookConversion({
            definition: name,
            webhook: webhook.config,
            sender: webhook.sender,
            kind: custom,
            apiVersion,
            kindName: definition.kind,
            stored: webhook.stored,
            since,
          })
    const plainView = storedAs ? convertedView(storedAs.fromStored) : custom ? freshView(custom, since) : storedView
    const served: ServedResource = {
      definition,
      apiVersion,
      named: { group, plural },
      groupResource: name,
      subresources: new Map(definition.subresources.map(s => [s.name, s])),
      versions: siblings,
      collection: store.collection({ groupResource: name }),
      view: converted?.view ?? plainView,
      ...(converted === undefined ? {} : { conversion: converted.conversion }),
      toStored(object) {
        if (life.retired) return storeAsNow(object, current(), converted !== undefined)
        if (converted !== undefined) return converted.toStored(object)
        return storedAs ? storedAs.toStored(object) : object
      },
      life,
      sent: { watchEvents: 0 },
    }
    siblings.set(served.apiVersion, served)
  }
  return [...siblings.values()]
}

/** The definition changed while the request ran: the object is stored as the new one reads it, or refused if there is none. */
function storeAsNow(object: KubeObject, now: ServedResource | undefined, byWebhook: boolean): KubeObject {
  if (now?.definition.custom === undefined) throw unknownPath()
  if (byWebhook || now.conversion !== undefined) {
    throw conflict(now.named, object.metadata.name ?? '', 'its definition has been modified; please try again')
  }
  const { definition } = now
  return definition.storedAs ? definition.storedAs.toStored(object) : (definition.custom?.adopt(object) ?? object)
}

/** Entries written under the current schema are shown unchanged; older ones are read once with the current schema. */
function freshView(kind: CustomKind, since: number): EntryView {
  const adopted = convertedView(object => kind.adopt(object))
  const unchanged = new WeakMap<Entry, boolean>()
  const isFresh = (entry: Entry): boolean => {
    if (entry.revision > since) return true
    let same = unchanged.get(entry)
    if (same === undefined) {
      same = sameValue(kind.adopt(entry.object), entry.object)
      unchanged.set(entry, same)
    }
    return same
  }
  const viewOf = (entry: Entry): EntryView => (isFresh(entry) ? storedView : adopted)
  return {
    bytes: entry => viewOf(entry).bytes(entry),
    object: entry => viewOf(entry).object(entry),
    frame(event, type) {
      const entry = event.entryAs(type)
      return isFresh(entry) ? event.frame(type) : frame(type, adopted.bytes(entry))
    },
    computes: entries => entries.some(({ revision }) => revision <= since),
  }
}
